package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The arguments of the real programs that say where they answer.
var listens = regexp.MustCompile(`^--?(?:port|[a-z.-]*listen-addr(?:ess)?)=(?:.*:)?([0-9]+)$`)

// standIn answers for a program that cannot be had: NAME, its PORTS and PATHS (with commas), then the real program's
// own arguments, which are ignored but for the one that says the first port. An unknown path is 404, as there; a known
// one says what the environment has as SERIES.
func standIn(arguments []string) error {
	if len(arguments) < 3 {
		return fmt.Errorf("stand-in needs NAME PORTS PATHS")
	}
	name, ports, paths := arguments[0], strings.Split(arguments[1], ","), strings.Split(arguments[2], ",")
	for _, argument := range arguments[3:] {
		if found := listens.FindStringSubmatch(argument); found != nil {
			ports[0] = found[1]
		}
	}
	handler := http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		// What is sent is taken; an empty answer is a good one of OTLP.
		io.Copy(io.Discard, request.Body)
		writer.Header().Set("Content-Type", "text/plain; charset=utf-8")
		switch path := request.URL.Path; {
		case path == "/metrics":
			fmt.Fprint(writer, "# TYPE luxima_stand_in gauge\nluxima_stand_in 1\n")
		case path == "/":
			fmt.Fprintf(writer, "This stands in for %s, which is not here.\n", name)
		case slices.Contains(paths, path):
			fmt.Fprint(writer, os.Getenv("SERIES"))
		default:
			http.NotFound(writer, request)
		}
	})
	return serveAt(ports, handler)
}

// serveAt answers at all of these TCP ports until it is told to end.
func serveAt(ports []string, handler http.Handler) error {
	failed := make(chan error)
	var listeners []net.Listener
	for _, port := range ports {
		listener, err := net.Listen("tcp", net.JoinHostPort(os.Getenv("ADDRESS"), port))
		if err != nil {
			return err
		}
		listeners = append(listeners, listener)
	}
	for _, listener := range listeners {
		go func() { failed <- http.Serve(listener, handler) }()
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	select {
	case err := <-failed:
		return err
	case <-ended:
		return nil
	}
}

// What the commands that ask for a program's health name: a page, or a port as a shell names it.
var asked = regexp.MustCompile(`https?://\S+|/dev/tcp/([^/\s]+)/([0-9]+)`)

// ask does what a health check asks of a real program, in the place of the command that the publisher's image has for it.
func ask(arguments []string) error {
	found := asked.FindStringSubmatch(strings.Join(arguments, " "))
	if found == nil {
		return fmt.Errorf("nothing is named that could be asked")
	}
	if found[1] != "" {
		connection, err := net.DialTimeout("tcp", net.JoinHostPort(found[1], found[2]), time.Second)
		if err != nil {
			return err
		}
		return connection.Close()
	}
	// As `curl -k`: a program that asks itself has no name of its certificate to ask by.
	unchecked := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	answer, err := (&http.Client{Timeout: time.Second, Transport: unchecked}).Get(found[0])
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s: %s", found[0], answer.Status)
	}
	return nil
}

// pose answers for a program that a container calls by its name. Its shell becomes the stand-in, as it would become the
// real program; while that answers, it is healthy, whoever asks.
func pose(name string, given []string) error {
	connection, err := net.DialTimeout("tcp", "127.0.0.1:"+strings.Split(given[1], ",")[0], time.Second)
	switch {
	case err == nil:
		return connection.Close()
	case name == "sh":
		return standIn(given)
	}
	return err
}
