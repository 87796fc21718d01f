// The router of the edge functions: /NAME/… is served by ../NAME/index.ts, in a worker with an environment of its own.
// The same file runs in Supabase's container and at Fly.io; docs/how-to/edge-functions.md says how.

declare const EdgeRuntime: {
  userWorkers: { create(options: Record<string, unknown>): Promise<{ fetch(request: Request): Promise<Response> }> };
};

const FOLDER = "/home/deno/functions";
const GIVEN = ["SUPABASE_URL", "SUPABASE_PUBLIC_URL", "SUPABASE_ANON_KEY"];
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const REASONS = ["missing", "malformed", "signature", "expired"] as const;

const keys: (JsonWebKey & { kid: string })[] = JSON.parse(Deno.env.get("SUPABASE_JWKS") ?? '{"keys":[]}').keys;
const own: Record<string, Record<string, string>> = JSON.parse(Deno.env.get("FUNCTIONS_ENVIRONMENT") ?? "{}");
const verified = Deno.env.get("VERIFY_JWT") !== "false";
const names = [...Deno.readDirSync(FOLDER)].filter((entry) => entry.isDirectory).map((entry) => entry.name).sort();
const version = digest(names.map((name) => `${name}\0${Deno.readTextFileSync(`${FOLDER}/${name}/index.ts`)}\0`));

async function digest(parts: string[]): Promise<string> {
  const found = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts.join("")));
  return [...new Uint8Array(found)].map((byte) => byte.toString(16).padStart(2, "0")).join("").slice(0, 12);
}

function decoded(part: string): Uint8Array<ArrayBuffer> {
  const text = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** Whose request it is, by a token that one of the keys signed and that has not ended; or why it is nobody's. */
async function judged(request: Request): Promise<{ tenant: string; reason?: (typeof REASONS)[number] }> {
  const tenant = "platform";
  const given = request.headers.get("authorization");
  if (given === null) return { tenant, reason: "missing" };
  try {
    const parts = given.replace(/^Bearer /i, "").split(".");
    const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(new TextDecoder().decode(decoded(part))));
    const jwk = keys.find((key) => key.kid === header.kid);
    if (parts.length !== 3 || header.alg !== "HS256" || jwk === undefined) return { tenant, reason: "signature" };
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", decoded(jwk.k as string), algorithm, false, ["verify"]);
    const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
    if (!(await crypto.subtle.verify("HMAC", key, decoded(parts[2]), signed))) {
      return { tenant, reason: "signature" };
    }
    if (!(claims.exp > Date.now() / 1000)) return { tenant, reason: "expired" };
    const named = claims.app_metadata?.tenant_id;
    return { tenant: /^tenant_[a-z0-9_]{1,40}$/.test(named) ? named : tenant };
  } catch {
    return { tenant, reason: "malformed" };
  }
}

/** One line of LOG-4. */
function log(request: Request, level: string, event: string, message: string, tenant: string | null = null) {
  const header = (name: string) => request.headers.get(name);
  const context = { ip: header("x-forwarded-for")?.split(",")[0] ?? null, user_agent: header("user-agent") };
  const what = { timestamp: new Date().toISOString(), service: "edge-functions", level, event, message };
  const ids = {
    tenant_id: tenant,
    user_id: null,
    request_id: header("x-request-id"),
    trace_id: header("x-trace-id"),
  };
  console.log(JSON.stringify({ ...what, ...ids, context }));
}

const counted = new Map<string, number>(REASONS.map((reason) => [refusals(reason), 0]));

function refusals(reason: string): string {
  return `jwt_validation_errors_total{reason="${reason}"}`;
}

function count(series: string, by = 1) {
  counted.set(series, (counted.get(series) ?? 0) + by);
}

function observe(request: Request, name: string, code: number, tenant: string, seconds: number) {
  const method = METHODS.includes(request.method) ? request.method : "other";
  const labels = `method="${method}",route="/${name}"`;
  const histogram = "http_request_duration_seconds";
  count(`http_requests_total{${labels},code="${code}",tenant_id="${tenant}"}`);
  for (const bound of BOUNDS) count(`${histogram}_bucket{${labels},le="${bound}"}`, seconds <= bound ? 1 : 0);
  count(`${histogram}_bucket{${labels},le="+Inf"}`);
  count(`${histogram}_sum{${labels}}`, seconds);
  count(`${histogram}_count{${labels}}`);
}

function metrics(): Response {
  const kinds = {
    http_request_duration_seconds: ["histogram", "Time to the head of the answer"],
    http_requests_total: ["counter", "Requests answered"],
    jwt_validation_errors_total: ["counter", "Tokens that were refused"],
  };
  const text = Object.entries(kinds).flatMap(([name, [kind, help]]) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${kind}`,
    ...[...counted].filter(([series]) => series.startsWith(name)).map(([series, value]) => `${series} ${value}`),
  ]);
  return new Response(`${text.join("\n")}\n`, { headers: { "content-type": "text/plain; version=0.0.4" } });
}

function refused(status: number, message: string): Response {
  return Response.json({ message }, { status });
}

async function served(request: Request, name: string, tenant: string): Promise<Response> {
  try {
    const worker = await EdgeRuntime.userWorkers.create({
      servicePath: `${FOLDER}/${name}`,
      memoryLimitMb: 128,
      workerTimeoutMs: 60_000,
      noModuleCache: false,
      envVars: Object.entries({
        ...Object.fromEntries(GIVEN.map((key) => [key, Deno.env.get(key) ?? ""])),
        ...own[name],
      }),
    });
    const response = await worker.fetch(request);
    if (response.status >= 500) log(request, "error", "function_failed", `${name}: ${response.status}`, tenant);
    return response;
  } catch (error) {
    log(request, "error", "function_failed", `${name}: ${error}`, tenant);
    return refused(500, "the function failed");
  }
}

Deno.serve(async (request: Request) => {
  const started = performance.now();
  const name = new URL(request.url).pathname.split("/")[1];
  if (name === "healthz") return Response.json({ version: await version });
  // Who comes through a gateway is a user, and metrics say how many there are.
  if (name === "metrics" && !request.headers.has("x-forwarded-for")) return metrics();
  const known = name !== "main" && names.includes(name);
  const { tenant, reason } = await judged(request);
  const blocked = known && verified && request.method !== "OPTIONS" ? reason : undefined;
  if (blocked !== undefined) {
    count(refusals(blocked));
    if (blocked !== "missing") log(request, "warn", "jwt_invalid", `${name}: ${blocked}`);
  }
  const response = !known
    ? refused(404, "no such function")
    : blocked !== undefined
    ? refused(401, "invalid token")
    : await served(request, name, tenant);
  const seconds = (performance.now() - started) / 1000;
  observe(request, known ? name : ":name", response.status, tenant, seconds);
  return response;
});
