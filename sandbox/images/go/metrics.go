package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The contract of docs/reference/metrics.md, section "Services".
const (
	platform      = "platform" // tenant of what belongs to none
	mostTenants   = 100        // more are counted as the platform's: a header is anybody's claim
	activeSeconds = 300
)

var buckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// A counter by its labels, as they are written between the braces.
type counter map[string]uint64

type histogram struct {
	counts []uint64 // by bucket, not yet added up
	count  uint64
	sum    float64
}

type metrics struct {
	mutex     sync.Mutex
	counters  map[string]counter
	durations map[string]*histogram
	tenants   map[string]time.Time // last request
}

// newMetrics starts at 0 what is known beforehand, so that its first step is seen.
func newMetrics() *metrics {
	return &metrics{
		counters: map[string]counter{
			"http_requests_total": {},
			"logins_total": {
				labels("result", "success", "tenant_id", platform): 0,
				labels("result", "failure", "tenant_id", platform): 0,
			},
			"login_failures_total": {
				labels("reason", "password"): 0,
				labels("reason", "mfa"):      0,
				labels("reason", "locked"):   0,
			},
			"jwt_validation_errors_total": {
				labels("reason", "expired"):   0,
				labels("reason", "signature"): 0,
			},
			"rls_violation_total": {labels("table", "orders", "tenant_id", platform): 0},
			"role_changes_total":  {labels("role", "admin"): 0},
			"plugin_usage_total":  {labels("plugin", "example", "tenant_id", platform): 0},
		},
		durations: map[string]*histogram{},
		tenants:   map[string]time.Time{},
	}
}

// labels writes names and values, which alternate, as Prometheus reads them.
func labels(pairs ...string) string {
	var text []string
	for index := 0; index < len(pairs); index += 2 {
		text = append(text, fmt.Sprintf("%s=%q", pairs[index], pairs[index+1]))
	}
	return strings.Join(text, ",")
}

func (m *metrics) add(name string, pairs ...string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.counters[name][labels(pairs...)]++
}

// seen gives the tenant that a request is counted for.
func (m *metrics) seen(tenant string) string {
	if tenant == platform {
		return platform
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if _, known := m.tenants[tenant]; !known && len(m.tenants) >= mostTenants {
		return platform
	}
	m.tenants[tenant] = time.Now()
	return tenant
}

func (m *metrics) observe(took time.Duration, pairs ...string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	key := labels(pairs...)
	if m.durations[key] == nil {
		m.durations[key] = &histogram{counts: make([]uint64, len(buckets))}
	}
	one := m.durations[key]
	if index, _ := slices.BinarySearch(buckets, took.Seconds()); index < len(buckets) {
		one.counts[index]++
	}
	one.count++
	one.sum += took.Seconds()
}

// write is what Prometheus reads.
func (m *metrics) write(out io.Writer) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for _, name := range slices.Sorted(maps.Keys(m.counters)) {
		fmt.Fprintf(out, "# TYPE %s counter\n", name)
		for _, key := range slices.Sorted(maps.Keys(m.counters[name])) {
			fmt.Fprintf(out, "%s{%s} %d\n", name, key, m.counters[name][key])
		}
	}
	const duration = "http_request_duration_seconds"
	fmt.Fprintf(out, "# TYPE %s histogram\n", duration)
	for _, key := range slices.Sorted(maps.Keys(m.durations)) {
		one, total := m.durations[key], uint64(0)
		for index, bound := range buckets {
			total += one.counts[index]
			fmt.Fprintf(out, "%s_bucket{%s,le=%q} %d\n", duration, key, strconv.FormatFloat(bound, 'g', -1, 64), total)
		}
		fmt.Fprintf(out, "%s_bucket{%s,le=\"+Inf\"} %d\n", duration, key, one.count)
		fmt.Fprintf(out, "%s_sum{%s} %g\n%s_count{%s} %d\n", duration, key, one.sum, duration, key, one.count)
	}
	active := 0
	for _, last := range m.tenants {
		if time.Since(last) < activeSeconds*time.Second {
			active++
		}
	}
	fmt.Fprintf(out, "# TYPE active_tenants gauge\nactive_tenants %d\n", active)
}
