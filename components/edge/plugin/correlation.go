// Package correlation gives every request the identifiers by which its log lines and spans are found again, takes from
// its headers what could imitate those of the edge, and refuses bodies that are too large. Traefik runs it with
// its Go interpreter (a local plugin).
package correlation

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
)

const (
	requestHeader = "X-Request-Id"
	traceHeader   = "X-Trace-Id"
	parentHeader  = "Traceparent"
	stateHeader   = "Tracestate"
	longest       = 128
	contexts      = 64
)

// Config is what the routing document says.
type Config struct {
	// MaxBodyBytes is the size of a request's body at most; 0 is no bound.
	MaxBodyBytes int64 `json:"maxBodyBytes,omitempty"`
}

// CreateConfig is asked for by Traefik before the document is read into it.
func CreateConfig() *Config {
	return &Config{}
}

// Correlation is the middleware.
type Correlation struct {
	next http.Handler
	most int64
	// depth is how far down in the context Traefik's span was found the last time; it is where it was put.
	depth int32
}

// New is asked for by Traefik for each router.
func New(_ context.Context, next http.Handler, config *Config, _ string) (http.Handler, error) {
	return &Correlation{next: next, most: config.MaxBodyBytes}, nil
}

func (c *Correlation) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	clean(req.Header)
	request := req.Header.Get(requestHeader)
	if !wellFormed(request) {
		request = uuid()
	}
	trace := c.trace(req)
	// Set, not added: of several values in one request the first one counts, and the others go.
	req.Header.Set(requestHeader, request)
	req.Header.Set(traceHeader, trace)
	rw.Header().Set(requestHeader, request)
	rw.Header().Set(traceHeader, trace)

	if c.most > 0 && req.ContentLength > c.most {
		refuse(rw)
		return
	}
	if c.most > 0 && req.ContentLength < 0 && req.Body != nil {
		// Nobody knows the length before the end: it is counted while it passes, and nothing is kept.
		counted := &body{inner: req.Body, left: c.most}
		req.Body = counted
		c.next.ServeHTTP(&answer{inner: rw, counted: counted}, req)
		return
	}
	c.next.ServeHTTP(rw, req)
}

// trace is the id under which the request's spans are sent: that of the span which Traefik has begun, which is that of
// a valid traceparent. Where Traefik does not trace, it is made here, together with a traceparent.
func (c *Correlation) trace(req *http.Request) string {
	if begun := c.spanTrace(req.Context()); begun != "" {
		return begun
	}
	parents := req.Header.Values(parentHeader)
	if len(parents) == 1 {
		if trace := parentTrace(parents[0]); trace != "" {
			return trace
		}
	}
	trace := random(16)
	req.Header.Set(parentHeader, "00-"+trace+"-"+random(8)+"-00")
	req.Header.Del(stateHeader)
	return trace
}

// spanTrace reads the trace id of Traefik's span from the request's context. The interpreter cannot name the types of
// OpenTelemetry, so the context is walked by reflection; "" when there is no span.
func (c *Correlation) spanTrace(ctx context.Context) (trace string) {
	defer func() {
		if recover() != nil {
			trace = ""
		}
	}()
	known := atomic.LoadInt32(&c.depth)
	if known > 0 {
		if trace, _ = walk(ctx, known, known+1); trace != "" {
			return trace
		}
	}
	trace, known = walk(ctx, 0, contexts)
	atomic.StoreInt32(&c.depth, known)
	return trace
}

// walk looks into the contexts from the one at depth `first` on, and not into that at `end`.
func walk(ctx context.Context, first, end int32) (string, int32) {
	value := reflect.ValueOf(ctx).Elem()
	for depth := int32(0); depth < end; depth++ {
		if depth >= first {
			if held := value.FieldByName("val"); held.IsValid() {
				if trace := traceOf(held); trace != "" {
					return trace, depth
				}
			}
		}
		value = value.FieldByName("Context").Elem()
		if value.Kind() == reflect.Ptr {
			value = value.Elem()
		}
		if value.Kind() != reflect.Struct {
			return "", 0
		}
	}
	return "", 0
}

// traceOf looks into a value for a span: Traefik's own wraps one of the SDK, which has its identifiers in a SpanContext.
func traceOf(value reflect.Value) string {
	for depth := 0; depth < 4; depth++ {
		for value.Kind() == reflect.Interface || value.Kind() == reflect.Ptr {
			value = value.Elem()
		}
		if value.Kind() != reflect.Struct {
			return ""
		}
		for _, name := range []string{"spanContext", "sc"} {
			if held := value.FieldByName(name); held.IsValid() && held.Kind() == reflect.Struct {
				return hexOf(held.FieldByName("traceID"))
			}
		}
		value = value.FieldByName("Span")
		if !value.IsValid() {
			return ""
		}
	}
	return ""
}

// hexOf writes an identifier down in one call, since each step of the interpreter costs more than the call.
func hexOf(id reflect.Value) string {
	if !id.IsValid() || id.Kind() != reflect.Array || id.Len() != 16 {
		return ""
	}
	written := fmt.Sprintf("%x", id)
	if len(written) != 32 || strings.Trim(written, "0") == "" {
		return ""
	}
	return written
}

// parentTrace is the trace id of a valid traceparent (W3C Trace Context), else "".
func parentTrace(parent string) string {
	parts := strings.Split(parent, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || len(parts[1]) != 32 || len(parts[2]) != 16 || len(parts[3]) != 2 {
		return ""
	}
	if parts[0] == "ff" || (parts[0] == "00" && len(parts) != 4) {
		return ""
	}
	for _, part := range parts[:4] {
		if strings.Trim(part, "0123456789abcdef") != "" {
			return ""
		}
	}
	if strings.Trim(parts[1], "0") == "" || strings.Trim(parts[2], "0") == "" {
		return ""
	}
	return parts[1]
}

// claims are the beginnings of names by which proxies of all kinds say who somebody is, and where a request comes from.
var claims = []string{
	"B3", "Baggage", "Cf-", "Client-Cert", "Fly-", "Front-End-", "Proxy-Client-", "Remote-", "Ssl-", "True-Client-", "Wl-Proxy-",
	"X-Amzn-", "X-Appengine-", "X-Auth-Request-", "X-Authenticated-", "X-B3-", "X-Client-Cert", "X-Client-Ip", "X-Consumer-",
	"X-Credential-", "X-Envoy-", "X-Goog-Authenticated-", "X-Goog-Iap-", "X-Middleware-", "X-Ms-Client-", "X-Ms-Token-",
	"X-Original-", "X-Remote-", "X-Rewrite-", "X-Ssl-", "X-User-Email", "X-User-Group", "X-User-Id", "X-User-Name",
	"X-User-Role", "X-Webauth-",
}

// own are the names that begin with X-Forwarded and that Traefik itself has set.
var own = map[string]bool{
	"X-Forwarded-For": true, "X-Forwarded-Host": true, "X-Forwarded-Port": true, "X-Forwarded-Proto": true,
	"X-Forwarded-Server": true,
}

// clean takes away what only a proxy may say, and this one does not; and names with an underscore, which some programs
// take for the one with a hyphen.
func clean(headers http.Header) {
	for name := range headers {
		forwarded := strings.HasPrefix(name, "X-Forwarded") || strings.HasPrefix(name, "Forwarded")
		if strings.Contains(name, "_") || (forwarded && !own[name]) || claimed(name) {
			delete(headers, name)
		}
	}
}

func claimed(name string) bool {
	for _, beginning := range claims {
		if strings.HasPrefix(name, beginning) {
			return true
		}
	}
	return false
}

// wellFormed says whether a client's own identifier may go into logs: not long, and nothing that a log or a header
// would have to escape.
func wellFormed(id string) bool {
	if id == "" || len(id) > longest {
		return false
	}
	return strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:+/=-") == ""
}

func random(bytes int) string {
	raw := make([]byte, bytes)
	_, _ = rand.Read(raw)
	return hex.EncodeToString(raw)
}

// uuid is a random UUID (RFC 9562, version 4).
func uuid() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw)
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:])
}

func refuse(rw http.ResponseWriter) {
	rw.Header().Set("Connection", "close")
	http.Error(rw, http.StatusText(http.StatusRequestEntityTooLarge), http.StatusRequestEntityTooLarge)
}

// body ends with an error once more than it may hold was read.
type body struct {
	inner io.ReadCloser
	left  int64
	over  bool
}

func (b *body) Read(into []byte) (int, error) {
	if b.over {
		return 0, fmt.Errorf("the body is too large")
	}
	count, err := b.inner.Read(into)
	b.left -= int64(count)
	if b.left < 0 {
		b.over = true
		return 0, fmt.Errorf("the body is too large")
	}
	return count, err
}

func (b *body) Close() error {
	return b.inner.Close()
}

// answer says 413 where the proxy, which could not send such a body on, says something else.
type answer struct {
	inner   http.ResponseWriter
	counted *body
	refused bool
}

func (a *answer) Header() http.Header {
	return a.inner.Header()
}

func (a *answer) WriteHeader(status int) {
	if a.counted.over && status >= 500 && !a.refused {
		a.refused = true
		refuse(a.inner)
		return
	}
	a.inner.WriteHeader(status)
}

func (a *answer) Write(data []byte) (int, error) {
	if a.refused {
		return len(data), nil
	}
	return a.inner.Write(data)
}
