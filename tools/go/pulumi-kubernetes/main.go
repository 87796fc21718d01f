// The official Kubernetes plugin: its publisher's code, under the version of the Python SDK that speaks to it.
//
// The module has that code, but not the schema that the publisher's own main package embeds. Only `import` needs it.
package main

import "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"

func main() { provider.Serve("kubernetes", "4.34.2", nil, nil) }
