// Whether what a shop asks of Supabase answers, as seen from where the functions run: 200 when all of it does, else 503.

const ASKED = { auth: "/auth/v1/health", rows: "/rest/v1/rpc/none", files: "/storage/v1/status" };
const url = Deno.env.get("SUPABASE_URL") ?? "";
const apikey = Deno.env.get("SUPABASE_ANON_KEY") ?? "";
const patience = Number(Deno.env.get("STATUS_TIMEOUT_MILLISECONDS") ?? "2000");

/** A part that does not know the path is there; a gateway without it says 502, and 401 when the key is not the one. */
async function answers(path: string): Promise<boolean> {
  try {
    const response = await fetch(url + path, { headers: { apikey }, signal: AbortSignal.timeout(patience) });
    await response.body?.cancel();
    return response.status < 500 && response.status !== 401;
  } catch {
    return false;
  }
}

Deno.serve(async () => {
  const asked = Object.entries(ASKED).map(async ([part, path]) => [part, await answers(path)] as const);
  const parts = Object.fromEntries(await Promise.all(asked));
  return Response.json(parts, { status: Object.values(parts).every(Boolean) ? 200 : 503 });
});
