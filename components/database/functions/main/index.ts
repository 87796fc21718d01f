// The router of the edge functions: /NAME/… is served by ../NAME/index.ts, in a worker with an environment of its own.

const FOLDER = "/home/deno/functions";
const GIVEN = ["SUPABASE_URL", "SUPABASE_PUBLIC_URL", "SUPABASE_ANON_KEY"];
const keys = JSON.parse(Deno.env.get("SUPABASE_JWKS") ?? '{"keys":[]}').keys as JsonWebKey[] & { kid: string }[];
const verified = Deno.env.get("VERIFY_JWT") !== "false";

function decoded(part: string): Uint8Array {
  const text = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** Whether a request brings a token that one of the keys signed, and that has not ended. */
async function allowed(request: Request): Promise<boolean> {
  const parts = (request.headers.get("authorization") ?? "").replace(/^Bearer /i, "").split(".");
  if (parts.length !== 3) return false;
  try {
    const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(new TextDecoder().decode(decoded(part))));
    const jwk = keys.find((key) => key.kid === header.kid);
    if (header.alg !== "HS256" || jwk === undefined || !(claims.exp > Date.now() / 1000)) return false;
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", decoded(jwk.k as string), algorithm, false, ["verify"]);
    const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
    return await crypto.subtle.verify("HMAC", key, decoded(parts[2]), signed);
  } catch {
    return false;
  }
}

function refused(status: number, message: string): Response {
  return Response.json({ message }, { status });
}

Deno.serve({ port: 9000 }, async (request: Request) => {
  const name = new URL(request.url).pathname.split("/")[1];
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(name) || name === "main") return refused(404, "no such function");
  if (verified && request.method !== "OPTIONS" && !(await allowed(request))) return refused(401, "invalid token");
  try {
    // @ts-ignore: the runtime's own
    const worker = await EdgeRuntime.userWorkers.create({
      servicePath: `${FOLDER}/${name}`,
      memoryLimitMb: 128,
      workerTimeoutMs: 60_000,
      noModuleCache: false,
      envVars: GIVEN.map((key) => [key, Deno.env.get(key) ?? ""]),
    });
    return await worker.fetch(request);
  } catch (error) {
    console.error(JSON.stringify({ level: "error", event: "function_failed", service: name, message: String(error) }));
    return refused(500, "the function failed");
  }
});
