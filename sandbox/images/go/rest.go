package main

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"
)

// rest stands in for PostgREST: it calls functions of the database, by psql, as the role that the caller's token names,
// and answers as PostgREST does. It reads no table.
type rest struct {
	environment []string // Of psql.
	keys        [][]byte
	anonymous   string // Role of who has no token.
	schemas     []string
	turns       chan struct{} // As many as its memory has room for.
}

// fault is an error as PostgREST tells it.
type fault struct {
	status  int
	Code    string  `json:"code"`
	Details *string `json:"details"`
	Hint    *string `json:"hint"`
	Message string  `json:"message"`
}

// Statuses of the first errors of which the SQLSTATE begins so; any other one is 400, as a refused right is 401 or 403.
var statuses = []struct {
	code   string
	status int
}{
	{"08", 503}, {"09", 500}, {"0L", 403}, {"0P", 403}, {"23503", 409}, {"23505", 409}, {"25006", 405}, {"25", 500},
	{"28", 403}, {"2D", 500}, {"38", 500}, {"39", 500}, {"3B", 500}, {"40", 500}, {"42883", 404}, {"42P01", 404},
	{"42P17", 500}, {"53400", 500}, {"53", 503}, {"54", 500}, {"55", 500}, {"57", 500}, {"58", 500}, {"F0", 500},
	{"HV", 500}, {"P0001", 400}, {"P0", 500}, {"XX", 500},
}

// The function of that name that takes these arguments by name, or else all of them as one JSON value without a name.
const looked = `
select json_build_object(
  'function', format('%%I.%%I', %[1]s::text, proname), 'void', prorettype = 'void'::regtype, 'set', proretset,
  'whole', case when cardinality(names) < pronargs then proargtypes[0]::regtype::text end,
  'arguments', (select string_agg(format('%%I => a.%%I', key, key), ', ') from unnest(keys) as key),
  'columns', (select string_agg(format('%%I %%s', key, format_type(proargtypes[array_position(names, key) - 1], null)), ', ')
    from unnest(keys) as key))
from (select *, coalesce(proargnames[1:pronargs], '{}') as names, %[3]s::text[] as keys from pg_proc) as p
where pronamespace = to_regnamespace(quote_ident(%[1]s)) and proname = %[2]s and prokind = 'f' and (
  cardinality(names) = pronargs and keys <@ names and names[1:pronargs - pronargdefaults] <@ keys
  or pronargs = 1 and proargnames is null and proargtypes[0] in ('json'::regtype, 'jsonb'::regtype))
order by cardinality(names) = pronargs desc limit 1;
`

var said = regexp.MustCompile(`(?m)^(?:psql:\S*: )?(?:ERROR|FATAL): +([0-9A-Z]{5}): (.*)$`)
var detail, hint = regexp.MustCompile(`(?m)^DETAIL: +(.*)$`), regexp.MustCompile(`(?m)^HINT: +(.*)$`)

// callFunctions serves as PostgREST's own variables say.
func callFunctions() error {
	var found struct {
		Keys []struct{ K string }
	}
	database, err := url.Parse(told("PGRST_DB_URI"))
	if err != nil || database.User == nil {
		// What it says holds the password.
		return fmt.Errorf("PGRST_DB_URI is no URI of a database")
	}
	if err := json.Unmarshal([]byte(told("PGRST_JWT_SECRET")), &found); err != nil || len(found.Keys) == 0 {
		return fmt.Errorf("PGRST_JWT_SECRET is no set of keys")
	}
	password, _ := database.User.Password()
	host, more := database.Hostname(), database.Query()
	if more.Has("host") {
		host = more.Get("host")
	}
	made := &rest{
		environment: []string{
			"PATH=" + os.Getenv("PATH"), "PGCONNECT_TIMEOUT=5", "PGHOST=" + host, "PGPORT=" + database.Port(),
			"PGUSER=" + database.User.Username(), "PGPASSWORD=" + password, "PGSSLMODE=" + more.Get("sslmode"),
			"PGDATABASE=" + strings.TrimPrefix(database.Path, "/"),
		},
		anonymous: told("PGRST_DB_ANON_ROLE"),
		schemas:   strings.Split(told("PGRST_DB_SCHEMAS"), ","),
		turns:     make(chan struct{}, 8),
	}
	for _, each := range found.Keys {
		key, err := base64.RawURLEncoding.DecodeString(each.K)
		if err != nil {
			return fmt.Errorf("PGRST_JWT_SECRET has a key that is not in base64url")
		}
		made.keys = append(made.keys, key)
	}
	return serveAt([]string{cmp.Or(os.Getenv("PGRST_SERVER_PORT"), "3000")}, made)
}

// told is the value of a variable, or of the file that it names.
func told(name string) string {
	value := os.Getenv(name)
	if path, found := strings.CutPrefix(value, "@"); found {
		content, _ := os.ReadFile(path)
		return strings.TrimSpace(string(content))
	}
	return value
}

func (r *rest) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	writer.Header().Set("Content-Type", "application/json; charset=utf-8")
	result, failed := r.called(request)
	switch {
	case failed != nil:
		if failed.status == http.StatusUnauthorized {
			writer.Header().Set("WWW-Authenticate", "Bearer")
		}
		fmt.Fprintf(os.Stderr, "%s %s: %d %s\n", request.Method, request.URL.Path, failed.status, failed.Code)
		writer.WriteHeader(failed.status)
		json.NewEncoder(writer).Encode(failed)
	case result == "":
		writer.WriteHeader(http.StatusNoContent)
	default:
		io.WriteString(writer, result)
	}
}

// called is what the function returns as JSON; nothing of one that returns nothing.
func (r *rest) called(request *http.Request) (string, *fault) {
	role, claims, failed := r.who(request.Header.Get("Authorization"))
	if failed != nil {
		return "", failed
	}
	schema := request.Header.Get("Content-Profile")
	if schema == "" {
		schema = r.schemas[0]
	}
	if !slices.Contains(r.schemas, schema) {
		return "", &fault{status: 406, Code: "PGRST106", Message: "Invalid schema: " + schema}
	}
	name, found := strings.CutPrefix(request.URL.Path, "/rpc/")
	if !found {
		return "", &fault{status: 404, Code: "PGRST205", Message: "Could not find the table in the schema cache"}
	}
	if request.Method != http.MethodPost {
		return "", &fault{status: 405, Code: "PGRST117", Message: "Unsupported HTTP method: " + request.Method}
	}
	body, err := io.ReadAll(request.Body)
	if err != nil || !json.Valid(body) {
		return "", &fault{status: 400, Code: "PGRST102", Message: "Empty or invalid json"}
	}
	arguments := map[string]json.RawMessage{}
	json.Unmarshal(body, &arguments)
	keys := []string{}
	for key := range arguments {
		keys = append(keys, literal(key))
	}
	text, failed := r.psql(request, fmt.Sprintf(looked, literal(schema), literal(name), "array["+strings.Join(keys, ", ")+"]"))
	if failed != nil {
		return "", failed
	}
	var function struct {
		Function, Whole, Arguments, Columns string
		Void, Set                           bool
	}
	if json.Unmarshal([]byte(text), &function) != nil {
		what := fmt.Sprintf("Could not find the function %s.%s in the schema cache", schema, name)
		return "", &fault{status: 404, Code: "PGRST202", Message: what}
	}
	call := fmt.Sprintf("select %s(%s) as x", function.Function, function.Arguments)
	switch {
	case function.Whole != "":
		call = fmt.Sprintf("select %s(%s::%s) as x", function.Function, literal(string(body)), function.Whole)
	case function.Columns != "":
		call += fmt.Sprintf(" from json_to_record(%s) as a(%s)", literal(string(body)), function.Columns)
	}
	switch {
	case function.Void:
		call += ` \g /dev/null`
	case function.Set:
		call = fmt.Sprintf("select coalesce(json_agg(x), '[]') from (%s) as called;", call)
	default:
		call = fmt.Sprintf("select coalesce(to_json(x), 'null') from (%s) as called;", call)
	}
	settings := fmt.Sprintf("set local role %s;\nset local \"request.jwt.claims\" = %s;\n", quoted(role), literal(claims))
	result, failed := r.psql(request, settings+call+"\n")
	if failed != nil && failed.Code == "42501" {
		// Who has not said who he is may be asked to.
		failed.status = 403
		if role == r.anonymous {
			failed.status = 401
		}
	}
	return result, failed
}

// who is the role that a token names, and all that it claims.
func (r *rest) who(header string) (string, string, *fault) {
	token, found := strings.CutPrefix(header, "Bearer ")
	if !found {
		return r.anonymous, fmt.Sprintf(`{"role": %q}`, r.anonymous), nil
	}
	refused := &fault{status: 401, Code: "PGRST301", Message: "JWT cryptographic operation failed"}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", "", refused
	}
	signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
	claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
	signed := slices.ContainsFunc(r.keys, func(key []byte) bool {
		code := hmac.New(sha256.New, key)
		code.Write([]byte(parts[0] + "." + parts[1]))
		return hmac.Equal(code.Sum(nil), signature)
	})
	var claimed struct {
		Role string
		Exp  *int64
	}
	if !signed || json.Unmarshal(claims, &claimed) != nil {
		return "", "", refused
	}
	if claimed.Exp != nil && *claimed.Exp < time.Now().Unix()-30 {
		return "", "", &fault{status: 401, Code: "PGRST303", Message: "JWT expired"}
	}
	if claimed.Role == "" {
		claimed.Role = r.anonymous
	}
	return claimed.Role, string(claims), nil
}

// psql runs a script in one transaction.
func (r *rest) psql(request *http.Request, script string) (string, *fault) {
	r.turns <- struct{}{}
	defer func() { <-r.turns }()
	command := exec.CommandContext(
		request.Context(), "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--single-transaction",
		"--set=ON_ERROR_STOP=on", "--set=VERBOSITY=verbose", "--file=-",
	)
	var output, errors bytes.Buffer
	command.Env, command.Stdin, command.Stdout, command.Stderr = r.environment, strings.NewReader(script), &output, &errors
	if command.Run() == nil {
		return strings.TrimSuffix(output.String(), "\n"), nil
	}
	found := said.FindStringSubmatch(errors.String())
	if found == nil {
		return "", &fault{status: 503, Code: "PGRST000", Message: "Database connection error. Retrying the connection."}
	}
	made := &fault{status: 400, Code: found[1], Message: found[2]}
	for _, each := range statuses {
		if strings.HasPrefix(made.Code, each.code) {
			made.status = each.status
			break
		}
	}
	if more := detail.FindStringSubmatch(errors.String()); more != nil {
		made.Details = &more[1]
	}
	if more := hint.FindStringSubmatch(errors.String()); more != nil {
		made.Hint = &more[1]
	}
	return "", made
}

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
