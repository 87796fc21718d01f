// Plays what Supabase's runtime has and plain Deno has not: `deno run shim.js FILE` serves FILE on a port of its own
// choice, which its first line tells, and each worker of it is such a process with the environment that it is given.
const DENO_DIR = Deno.env.get("DENO_DIR");
const serve = Deno.serve;
const onListen = ({ port }) => console.log(`PORT ${port}`);
Object.defineProperty(Deno, "serve", {
  value: (handler) => serve({ hostname: "127.0.0.1", port: 0, onListen }, handler),
});

async function started({ servicePath, envVars }) {
  const args = ["run", "--quiet", "--allow-all", "--no-remote", import.meta.filename, `${servicePath}/index.ts`];
  const env = { ...Object.fromEntries(envVars), DENO_DIR };
  const command = new Deno.Command(Deno.execPath(), { args, env, clearEnv: true, stdin: "piped", stdout: "piped" });
  const said = command.spawn().stdout;
  const reader = said.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  said.pipeTo(new WritableStream());
  return new TextDecoder().decode(value).match(/PORT (\d+)/)[1];
}

const workers = new Map();
globalThis.EdgeRuntime = {
  userWorkers: {
    async create(options) {
      if (!workers.has(options.servicePath)) workers.set(options.servicePath, started(options));
      const port = await workers.get(options.servicePath);
      return {
        fetch(request) {
          const { pathname, search } = new URL(request.url);
          return fetch(new Request(`http://127.0.0.1:${port}${pathname}${search}`, request));
        },
      };
    },
  },
};

async function endWithTheOneWhoStartedIt() {
  for await (const _ of Deno.stdin.readable);
  Deno.exit();
}

endWithTheOneWhoStartedIt();
// What it was not given, but has of Deno itself.
for (const name of ["DENO_DIR", "DENO_NODE_SHIM_ACTIVE", "PATH"]) Deno.env.delete(name);
await import(`file://${Deno.args[0]}`);
