# The pooler's one tenant, as the environment says; run before each start, so that another password or size is taken up.
{:ok, _} = Application.ensure_all_started(:supavisor)

{:ok, version} =
  case Supavisor.Repo.query!("select version()") do
    %{rows: [[text]]} -> Supavisor.Helpers.parse_pg_version(text)
  end

id = System.fetch_env!("POOLER_TENANT_ID")
size = System.fetch_env!("POOLER_DEFAULT_POOL_SIZE")

wanted = %{
  "external_id" => id,
  "db_host" => System.fetch_env!("POSTGRES_HOST"),
  "db_port" => System.fetch_env!("POSTGRES_PORT"),
  "db_database" => System.fetch_env!("POSTGRES_DB"),
  "require_user" => false,
  "auth_query" => "select * from pgbouncer.get_auth($1)",
  "default_max_clients" => System.fetch_env!("POOLER_MAX_CLIENT_CONN"),
  "default_pool_size" => size,
  "default_parameter_status" => %{"server_version" => version},
  "users" => [
    %{
      "db_user" => "pgbouncer",
      "db_password" => System.fetch_env!("POSTGRES_PASSWORD"),
      "mode_type" => System.fetch_env!("POOLER_POOL_MODE"),
      "pool_size" => size,
      "is_manager" => true
    }
  ]
}

if Supavisor.Tenants.get_tenant_by_external_id(id), do: Supavisor.Tenants.delete_tenant_by_external_id(id)
{:ok, _} = Supavisor.Tenants.create_tenant(wanted)
