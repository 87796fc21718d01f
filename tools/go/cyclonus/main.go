// Says of connections whether network policies let them through, by cyclonus' reading of the Kubernetes API.
//
// It reads {"policies": [NetworkPolicy], "traffic": [Traffic]} and writes {"allowed": [[egress, ingress]]}, in that order.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	networking "k8s.io/api/networking/v1"
)

func main() {
	var asked struct {
		Policies []*networking.NetworkPolicy
		Traffic  []*matcher.Traffic
	}
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		log.Fatalf("the question is no JSON as it should be: %v", err)
	}
	policy := matcher.BuildNetworkPolicies(true, asked.Policies)
	allowed := make([][2]bool, len(asked.Traffic))
	for index, traffic := range asked.Traffic {
		result := policy.IsTrafficAllowed(traffic)
		allowed[index] = [2]bool{result.Egress.IsAllowed(), result.Ingress.IsAllowed()}
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"allowed": allowed}); err != nil {
		log.Fatal(err)
	}
}
