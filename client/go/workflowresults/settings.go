package workflowresults

import (
	"net"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	defaultTarget  = "localhost:50051"
	defaultTimeout = 15 * time.Second
	longestTimeout = 366 * 24 * time.Hour

	targetVariable  = "WORKFLOW_RESULTS_TARGET"
	timeoutVariable = "WORKFLOW_RESULTS_TIMEOUT"
	tokenVariable   = "WORKFLOW_RESULTS_TOKEN"
	sharedVariable  = "WORKFLOW_TOKEN"
)

var (
	address   = regexp.MustCompile(`^(?:\[[^,\[\]\s]+\]|[^,:/\[\]\s]+):([1-9][0-9]{0,4})$`)
	decimal   = regexp.MustCompile(`^\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)
	resolver  = regexp.MustCompile(`^dns:(//[^/]*/)?`)
	visible   = regexp.MustCompile(`^[!-~]*$`)
	withWeb   = regexp.MustCompile(`(?i)^(https?|grpcs?)://`)
	localPath = regexp.MustCompile(`^unix(-abstract)?:`)
)

// settings are what a client is made with. What is nil was not given, and comes from the environment.
type settings struct {
	token   *string
	tls     *bool
	files   [3]*string // by fileSetting
	timeout *time.Duration
}

// Option is a setting of a client.
type Option func(*settings)

// WithToken sets the access token; "" sends none. Default: WORKFLOW_RESULTS_TOKEN, else WORKFLOW_TOKEN.
func WithToken(token string) Option { return func(s *settings) { s.token = &token } }

// WithTLS says whether to use TLS. Default: if any of the files is given. With true and no CA file, the authorities of
// the system are trusted. With false, the files of the environment are ignored, and a token is sent in plain text.
func WithTLS(tls bool) Option { return func(s *settings) { s.tls = &tls } }

// WithCAFile names a PEM file of the authorities to trust. Default: WORKFLOW_RESULTS_CA_FILE, else those of the system.
func WithCAFile(path string) Option { return func(s *settings) { s.files[caFile] = &path } }

// WithCertFile names a PEM file with the certificate of the client. Default: WORKFLOW_RESULTS_CERT_FILE.
func WithCertFile(path string) Option { return func(s *settings) { s.files[certFile] = &path } }

// WithKeyFile names a PEM file with the key of the client's certificate. Default: WORKFLOW_RESULTS_KEY_FILE.
func WithKeyFile(path string) Option { return func(s *settings) { s.files[keyFile] = &path } }

// WithTimeout sets the time of a call with one answer whose context has no deadline, all attempts together. It also
// shortens the minute that a stream, a watch or a depositor may be without progress. Default: WORKFLOW_RESULTS_TIMEOUT in
// seconds, else 15 s.
func WithTimeout(timeout time.Duration) Option { return func(s *settings) { s.timeout = &timeout } }

// environmentTarget returns the target that the environment names.
func environmentTarget() (name, target string) {
	if found := os.Getenv(targetVariable); found != "" {
		return targetVariable, found
	}
	return "target", defaultTarget
}

func checkTarget(name, target string) *Error {
	if scheme := withWeb.FindString(target); scheme != "" {
		return invalid("%s must be 'host:port', without '%s': %q", name, scheme, target)
	}
	if strings.ContainsFunc(target, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return invalid("%s must contain only visible characters, not %q", name, target)
	}
	if localPath.MatchString(target) {
		return nil
	}
	if match := address.FindStringSubmatch(resolver.ReplaceAllString(target, "")); match != nil {
		if port, _ := strconv.Atoi(match[1]); port <= 65535 {
			return nil
		}
	}
	return invalid("%s must be 'host:port', like 'localhost:50051' or '[::1]:50051', not %q", name, target)
}

// foundToken returns the access token, and where it comes from.
func (s *settings) foundToken() (token, source string, err *Error) {
	name := "token"
	if s.token != nil {
		token, source = *s.token, "the argument"
	} else {
		for _, variable := range []string{tokenVariable, sharedVariable} {
			if token = os.Getenv(variable); token != "" {
				name, source = variable, variable
				break
			}
		}
	}
	if !visible.MatchString(token) {
		return "", "", invalid("%s must be a string of visible ASCII characters, without spaces", name)
	}
	return token, source, nil
}

// foundTimeout returns the time that the user chose for a call; 0 for the defaults.
func (s *settings) foundTimeout() (time.Duration, *Error) {
	if s.timeout != nil {
		if *s.timeout <= 0 {
			return 0, invalid("timeout must be positive, not %s", *s.timeout)
		}
		return min(*s.timeout, longestTimeout), nil
	}
	text := os.Getenv(timeoutVariable)
	if text == "" {
		return 0, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !decimal.MatchString(text) || seconds <= 0 {
		return 0, invalid("%s must be a positive number of seconds, not %q", timeoutVariable, text)
	}
	return max(1, time.Duration(min(seconds, longestTimeout.Seconds())*float64(time.Second))), nil
}

// isLoopback returns whether the address of a target is on this machine.
func isLoopback(target string) bool {
	if localPath.MatchString(target) {
		return true
	}
	host, _, err := net.SplitHostPort(resolver.ReplaceAllString(target, ""))
	if err != nil {
		return false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return host == "localhost"
}
