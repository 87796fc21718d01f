#!/bin/sh
# The application by which Coolify releases a service: a checkout of the platform, then a page that says so. Coolify runs
# `python -m release deploy` in this folder once the page answers.
set -eu
missing=
for name in PLATFORM_REPOSITORY GIT_TOKEN PULUMI_BACKEND_URL RELEASE_IMAGE; do
  printenv "$name" | grep -q . || missing="$missing $name"
done
case ${PULUMI_BACKEND_URL:-} in
  file:*) echo "error: PULUMI_BACKEND_URL is a folder of somebody's machine; give s3://… or Pulumi Cloud" >&2 && exit 1 ;;
esac
if [ -n "$missing" ]; then
  echo "error: these variables are not set:$missing. docs/how-to/add-an-application.md says what each is" >&2
  exit 1
fi
git config --global user.name "Coolify"
git config --global user.email "coolify@localhost"
# The token is in no URL, no file and no argument: git's own shell reads the variable.
# shellcheck disable=SC2016
git config --global credential.helper '!answer() { echo "username=x-access-token"; echo "password=$GIT_TOKEN"; }; answer'
[ -d .git ] || git clone --quiet --depth 1 --branch "${PLATFORM_BRANCH:-main}" "$PLATFORM_REPOSITORY" .
if ! cmp -s requirements.txt "$PACKAGES/requirements.txt"; then
  echo "error: this image has other packages than the platform's requirements.txt names. Run make images, and begin" \
    "the Dockerfile of this application with the new image" >&2
  exit 1
fi
ln -sfn "$PACKAGES" .venv
page=$(mktemp -d)
echo ready > "$page/healthz"
exec python -m http.server --directory "$page" "${PORT:-3000}"
