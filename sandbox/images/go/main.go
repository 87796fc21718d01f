// What containers of the sandbox run where there is no real program: a service, a stand-in, the pause of a pod.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "pause":
			pause()
			return
		case "service":
			exit(serve(os.Getenv))
		case "stand-in":
			exit(standIn(os.Args[2:]))
		}
	}
	exit(fmt.Errorf("choose from: pause, service, stand-in NAME PORTS PATHS"))
}

// exit ends the process; an error is told in one line.
func exit(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
	os.Exit(0)
}
