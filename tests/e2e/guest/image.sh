#!/bin/sh
# Makes the disk of a machine before its first boot, with the packages its user-data asks for beside it: there is no
# network where it boots. Run in a mount namespace of its own: what is mounted here ends with it.
# Arguments: folder that the disk, the kernel and its initrd are put into; the release; the mirror; the packages.
set -eu
out=$1 release=$2 mirror=$3
shift 3
root=$out/root
mkdir -p "$root"
mount -t tmpfs image "$root"
# What Debian's cloud image has and user-data relies on.
has=systemd-sysv,dbus,libpam-systemd,linux-image-cloud-amd64,cloud-init,e2fsprogs,iproute2,openssh-server,sudo,apt-utils
mmdebstrap --mode=root --variant=apt --include="$has" --skip=cleanup/apt/lists "$release" "$root" "$mirror"
mkdir -p "$root/srv/packages/partial"
cp /etc/resolv.conf "$root/etc/resolv.conf"
chroot "$root" apt-get install --download-only --yes --no-install-recommends -o Dir::Cache::archives=/srv/packages "$@"
chroot "$root" sh -eu -c "cd /srv/packages
  apt-ftparchive packages . >Packages
  apt-ftparchive -o APT::FTPArchive::Release::Codename=$release release . >Release
  echo 'deb [trusted=yes] file:/srv/packages ./' >/etc/apt/sources.list
  echo 'apt: {preserve_sources_list: true}' >/etc/cloud/cloud.cfg.d/99-image.cfg
  rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* /etc/resolv.conf
  : >/etc/machine-id
  systemctl enable systemd-networkd"
cp "$root"/boot/vmlinuz-* "$out/kernel"
cp "$root"/boot/initrd.img-* "$out/initrd"
mke2fs -q -t ext4 -L root -d "$root" "$out/disk" 4G
umount "$root"
rmdir "$root"
