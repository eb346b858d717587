package workflowresults

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"strings"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// fileSetting is one of the files that a client is made with.
type fileSetting int

const (
	caFile fileSetting = iota
	certFile
	keyFile
)

var fileNames = [3]struct{ name, variable string }{
	caFile:   {"ca_file", "WORKFLOW_RESULTS_CA_FILE"},
	certFile: {"cert_file", "WORKFLOW_RESULTS_CERT_FILE"},
	keyFile:  {"key_file", "WORKFLOW_RESULTS_KEY_FILE"},
}

// file is the path of a file, and where that comes from.
type file struct{ source, path string }

// foundFile returns a file of the arguments or of the environment; without a path, there is none.
func (s *settings) foundFile(which fileSetting) (file, *Error) {
	names, given := fileNames[which], s.files[which]
	if given == nil {
		if path := os.Getenv(names.variable); path != "" {
			return file{names.variable, path}, nil
		}
		return file{names.name, ""}, nil
	}
	if *given == "" {
		return file{}, invalid("%s must be the path of a file", names.name)
	}
	return file{names.name, *given}, nil
}

// read returns the content of a file.
func (f file) read() ([]byte, *Error) {
	info, err := os.Stat(f.path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, invalid("%s can't be read: %s: it is not a file", f.source, f.path)
	}
	var content []byte
	if err == nil {
		content, err = os.ReadFile(f.path)
	}
	if err != nil {
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return nil, invalid("%s can't be read: %s: %w", f.source, f.path, err)
	}
	return content, nil
}

// foundTLS returns the configuration of TLS; nil for plain text.
func (s *settings) foundTLS(target, token, source string) (*tls.Config, *Error) {
	if s.tls != nil && !*s.tls {
		for which, path := range s.files {
			if path != nil {
				return nil, invalid("%s can't be used with tls=false: omit one of them", fileNames[which].name)
			}
		}
		return nil, nil
	}
	var files [3]file
	secure := s.tls != nil
	for which := range files {
		found, err := s.foundFile(fileSetting(which))
		if err != nil {
			return nil, err
		}
		files[which] = found
		secure = secure || found.path != ""
	}
	if !secure && token != "" && !isLoopback(target) {
		return nil, invalid("the token of %s would be sent to %s in plain text, which others on the network can read: set"+
			" ca_file (WORKFLOW_RESULTS_CA_FILE) to the authority of the server's certificate, or tls=true if that is a"+
			` well-known one; the token "" sends none, tls=false sends it anyway`, source, target)
	}
	if !secure {
		return nil, nil
	}
	return readTLS(files)
}

// readTLS reads the files that are given.
func readTLS(files [3]file) (*tls.Config, *Error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	ca, cert, key := files[caFile], files[certFile], files[keyFile]
	if (cert.path == "") != (key.path == "") {
		return nil, invalid("%s and %s belong together: give both or neither", cert.source, key.source)
	}
	if ca.path != "" {
		content, err := ca.read()
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(content) {
			return nil, invalid("%s must contain certificates as PEM: %s", ca.source, ca.path)
		}
	}
	if cert.path != "" {
		shown, err := cert.read()
		if err != nil {
			return nil, err
		}
		secret, err := key.read()
		if err != nil {
			return nil, err
		}
		identity, failure := tls.X509KeyPair(shown, secret)
		if failure != nil {
			return nil, invalid("%s and %s must be a certificate and its key, without a password, as PEM: %s, %s",
				cert.source, key.source, cert.path, key.path)
		}
		config.Certificates = []tls.Certificate{identity}
	}
	return config, nil
}

// transport returns gRPC's form of a configuration of TLS.
func transport(config *tls.Config) credentials.TransportCredentials {
	if config == nil {
		return insecure.NewCredentials()
	}
	return credentials.NewTLS(config)
}

// bearer sends a token with each call.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

// RequireTransportSecurity is false, since the settings have decided already that the token may be sent.
func (b bearer) RequireTransportSecurity() bool { return false }

// connectHint words why a connection failed: for its name, or for TLS; empty if it is something else.
func connectHint(details string, secure bool) string {
	has := func(part string) bool { return strings.Contains(details, part) }
	switch {
	case has("no children to pick from"): // where the resolver of gRPC has found no address
		return "its name is not known"
	case !secure && (has("error reading server preface") || has("connection reset")):
		return "it closes new connections. Does it require TLS? Then set ca_file (WORKFLOW_RESULTS_CA_FILE) to the authority" +
			" of its certificate, or tls=true if that is a well-known one"
	case !secure:
		return ""
	case has("first record does not look like a TLS handshake"):
		return "the server uses plain text: omit tls=true, ca_file, cert_file and key_file"
	case has("remote error: tls:") || has("error reading server preface"):
		return "it refuses the connection. Does it require a client certificate that has not expired, from an authority that" +
			" it trusts (cert_file and key_file; WORKFLOW_RESULTS_CERT_FILE and WORKFLOW_RESULTS_KEY_FILE)?"
	case has("certificate is valid for") || has("certificate is not valid for any names"):
		return "the server's certificate is for another name: use a name that is in its certificate"
	case has("failed to verify certificate"):
		return "the server's certificate is not trusted: it may have expired, or ca_file (WORKFLOW_RESULTS_CA_FILE) is not its" +
			" authority"
	}
	return ""
}
