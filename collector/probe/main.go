// Asks the collector's health_check extension whether it is well; exit code 0 when it is. The image has no shell and no
// wget, so the container's health check is this program.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

const defaultEndpoint = "127.0.0.1:13133"

func main() {
	endpoint := os.Getenv("HEALTH_ENDPOINT")
	if endpoint == "" {
		endpoint = defaultEndpoint
	}
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		fmt.Fprintf(os.Stderr, "HEALTH_ENDPOINT %q must be host:port, e.g. %s\n", endpoint, defaultEndpoint)
		os.Exit(2)
	}
	// A wildcard address is reached over loopback.
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	client := http.Client{Timeout: 2 * time.Second}
	response, err := client.Get("http://" + net.JoinHostPort(host, port) + "/")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		fmt.Fprintf(os.Stderr, "the collector answers %s\n", response.Status)
		os.Exit(1)
	}
}
