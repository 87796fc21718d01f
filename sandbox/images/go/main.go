// What containers of the sandbox run where there is no real program: a service, a stand-in, the pause of a pod.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if name := filepath.Base(os.Args[0]); name != "sandbox-program" {
		if given := os.Getenv("SANDBOX_STAND_IN"); given != "" {
			return pose(name, strings.Split(given, ";"))
		}
		return ask(arguments)
	}
	if len(arguments) > 0 {
		switch arguments[0] {
		case "pause":
			pause()
			return nil
		case "service":
			return serve(os.Getenv)
		case "stand-in":
			return standIn(arguments[1:])
		case "rest":
			return callFunctions()
		}
	}
	return fmt.Errorf("choose from: pause, rest, service, stand-in NAME PORTS PATHS")
}
