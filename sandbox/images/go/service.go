package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	tenantForm = regexp.MustCompile(`^tenant_[a-z0-9_]{1,40}$`)
	imageName  = regexp.MustCompile(`([^/:@]+)(?::[^/@]*)?(?:@.*)?$`)
	methods    = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
	reasons    = []string{"password", "mfa", "locked"}
)

// A service: health, metrics, a log, and answers that say who gave them.
type service struct {
	names       map[string]string // headers of every answer
	name        string
	ready       bool
	failPercent float64
	slow        time.Duration
	lingers     time.Duration // how long a connection that asks nothing is kept when the service is told to end
	decided     atomic.Uint64 // requests whose success is decided
	leaving     atomic.Bool
	metrics     *metrics
	printing    sync.Mutex
}

// serve runs until SIGTERM. The environment says the rest: ADDRESS (all by default) and PORT; SLOT, IMAGE and POD (else
// HOSTNAME) are told in X-Slot, X-Image and X-Pod; NEVER_READY=1 has /healthz answer 503; FAIL_PERCENT=5 has 5 of 100
// requests answered with 500, evenly; SLOW_SECONDS=0.5 has each answer take that long. /healthz and /metrics are never
// slow and never counted. The service's name is the last part of IMAGE's.
//
// On SIGTERM it takes no new connections, answers requests of those that are open with `Connection: close`, closes
// after LINGER_SECONDS (5) those that ask nothing, and ends when the last request is answered.
func serve(env func(string) string) error {
	one := &service{
		names: map[string]string{"X-Slot": env("SLOT"), "X-Image": env("IMAGE"), "X-Pod": env("POD")},
		name:  "service",
		ready: env("NEVER_READY") == "" || env("NEVER_READY") == "0",
	}
	if one.names["X-Pod"] == "" {
		one.names["X-Pod"] = env("HOSTNAME")
	}
	if found := imageName.FindStringSubmatch(env("IMAGE")); found != nil {
		one.name = found[1]
	}
	one.metrics = newMetrics()
	var err error
	if one.failPercent, err = number(env, "FAIL_PERCENT", 0); err != nil {
		return err
	}
	if one.slow, err = seconds(env, "SLOW_SECONDS", 0); err != nil {
		return err
	}
	if one.lingers, err = seconds(env, "LINGER_SECONDS", 5); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(env("ADDRESS"), env("PORT")))
	if err != nil {
		return err
	}
	return one.run(listener)
}

// number reads a variable; one that is empty or not set is `usual`.
func number(env func(string) string, name string, usual float64) (float64, error) {
	text := env(name)
	if text == "" {
		return usual, nil
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || value < 0 {
		return 0, fmt.Errorf("%s is %q: give it a number from 0 on", name, text)
	}
	return value, nil
}

func seconds(env func(string) string, name string, usual float64) (time.Duration, error) {
	value, err := number(env, name, usual)
	return time.Duration(value * float64(time.Second)), err
}

func (s *service) run(listener net.Listener) error {
	var open atomic.Int64
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0),
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				open.Add(1)
			case http.StateClosed, http.StateHijacked:
				open.Add(-1)
			}
		},
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	s.print("info", "started", "listens on "+listener.Addr().String(), nil, nil)
	go server.Serve(listener)
	<-ended
	s.leaving.Store(true)
	listener.Close()
	s.print("info", "stopping", "takes no more connections", nil, nil)
	// Who is connected gets one more answer, which says that the connection ends.
	for patience := time.Now().Add(s.lingers); open.Load() > 0 && time.Now().Before(patience); {
		time.Sleep(20 * time.Millisecond)
	}
	return server.Shutdown(context.Background())
}

func (s *service) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	began := time.Now()
	io.Copy(io.Discard, request.Body)
	for name, value := range s.names {
		writer.Header().Set(name, value)
	}
	writer.Header().Set("Content-Type", "text/plain; charset=utf-8")
	switch request.URL.Path {
	case "/healthz":
		s.health(writer)
	case "/metrics":
		s.head(writer, http.StatusOK)
		s.metrics.write(writer)
	default:
		s.answer(writer, request, began)
	}
}

// head begins an answer; the connection may have to end that was to be kept when the request came.
func (s *service) head(writer http.ResponseWriter, status int) {
	if s.leaving.Load() {
		writer.Header().Set("Connection", "close")
	}
	writer.WriteHeader(status)
}

func (s *service) health(writer http.ResponseWriter) {
	if !s.ready {
		s.head(writer, http.StatusServiceUnavailable)
		fmt.Fprintln(writer, "not ready")
		return
	}
	s.head(writer, http.StatusOK)
	fmt.Fprintln(writer, "well")
}

func (s *service) answer(writer http.ResponseWriter, request *http.Request, began time.Time) {
	time.Sleep(s.slow)
	tenant := platform
	if given := request.Header.Get("X-Tenant-ID"); tenantForm.MatchString(given) {
		tenant = s.metrics.seen(given)
	}
	status, route, event, body := s.decide(request, tenant)
	method := request.Method
	if !slices.Contains(methods, method) {
		method = "other"
	}
	s.head(writer, status)
	io.WriteString(writer, body)
	took := time.Since(began)
	s.metrics.add("http_requests_total", "method", method, "route", route, "code", strconv.Itoa(status), "tenant_id", tenant)
	s.metrics.observe(took, "method", method, "route", route)
	level := "info"
	if status >= 500 {
		level = "error"
	} else if status >= 400 {
		level = "warn"
	}
	s.print(level, event, fmt.Sprintf("%s %s %d", request.Method, request.URL.Path, status), request, map[string]any{
		"method": method, "route": route, "status": status, "duration_ms": took.Milliseconds(),
	})
}

// decide gives status, route, event and body of an answer, and counts what it means.
func (s *service) decide(request *http.Request, tenant string) (int, string, string, string) {
	path, route := request.URL.Path, "/*"
	switch {
	case path == "/" || path == "/login":
		route = path
	case strings.HasPrefix(path, "/orders/"):
		route = "/orders/:id"
	case strings.HasPrefix(path, "/plugins/"):
		route = "/plugins/:name"
	}
	count := float64(s.decided.Add(1))
	if math.Floor(count*s.failPercent/100) > math.Floor((count-1)*s.failPercent/100) {
		return http.StatusInternalServerError, route, "http_request", "failed\n"
	}
	switch route {
	case "/login":
		// `/login?failure=password` is one that failed.
		if reason := request.URL.Query().Get("failure"); slices.Contains(reasons, reason) {
			s.metrics.add("login_failures_total", "reason", reason)
			s.metrics.add("logins_total", "result", "failure", "tenant_id", tenant)
			return http.StatusUnauthorized, route, "login_failed", "not logged in\n"
		}
		s.metrics.add("logins_total", "result", "success", "tenant_id", tenant)
		return http.StatusOK, route, "login", "logged in\n"
	case "/plugins/:name":
		s.metrics.add("plugin_usage_total", "plugin", "example", "tenant_id", tenant)
	}
	return http.StatusOK, route, "http_request", path + "\n"
}

// print writes one line of the log (LOG-4, LOG-5).
func (s *service) print(level, event, message string, request *http.Request, more map[string]any) {
	line := map[string]any{
		"timestamp": time.Now().UTC().Format(time.RFC3339Nano),
		"service":   s.name, "level": level, "event": event, "message": message,
		"tenant_id": platform, "user_id": "", "context": map[string]string{"ip": "", "user_agent": ""},
	}
	for key, value := range more {
		line[key] = value
	}
	if request != nil {
		header := request.Header.Get
		for key, name := range map[string]string{
			"tenant_id": "X-Tenant-ID", "user_id": "X-User-ID", "request_id": "X-Request-ID", "trace_id": "X-Trace-ID",
		} {
			if value := header(name); value != "" {
				line[key] = value
			}
		}
		ip, _, _ := strings.Cut(header("X-Forwarded-For"), ",")
		if ip == "" {
			ip, _, _ = net.SplitHostPort(request.RemoteAddr)
		}
		line["context"] = map[string]string{"ip": ip, "user_agent": request.UserAgent()}
	}
	text, _ := json.Marshal(line)
	s.printing.Lock()
	defer s.printing.Unlock()
	os.Stdout.Write(append(text, '\n'))
}
