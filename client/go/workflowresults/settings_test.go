package workflowresults

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTargets(t *testing.T) {
	for target, good := range map[string]bool{
		"localhost:50051": true, "[::1]:50051": true, "dns:///results.example:443": true, "unix:/run/results": true,
		"results.example:65535": true, "results.example:65536": false, "results.example:0": false, "results.example": false,
		"": false, "http://results.example:80": false, "a b:80": false, "a:80\n": false, "::1:80": false,
	} {
		if err := checkTarget("target", target); (err == nil) != good || err != nil && !errors.Is(err, InvalidRequest) {
			t.Errorf("%q: %v", target, err)
		}
	}
}

func TestLoopback(t *testing.T) {
	for target, local := range map[string]bool{
		"localhost:1": true, "127.0.0.9:1": true, "[::1]:1": true, "unix:x": true, "dns:///localhost:1": true,
		"localhost.example:1": false, "10.0.0.1:1": false, "[::2]:1": false,
	} {
		if isLoopback(target) != local {
			t.Error(target)
		}
	}
}

func TestTimeouts(t *testing.T) {
	for text, wanted := range map[string]time.Duration{"": 0, "2.5": 2500 * time.Millisecond, "1e9": longestTimeout, "1e-12": 1} {
		t.Setenv(timeoutVariable, text)
		if found, err := new(settings).foundTimeout(); found != wanted || err != nil {
			t.Errorf("%q: %s, %v", text, found, err)
		}
	}
	for _, text := range []string{"soon", "0", "-1", "inf", "nan", "0x1p3", "1_0"} {
		t.Setenv(timeoutVariable, text)
		if found, err := new(settings).foundTimeout(); err == nil {
			t.Errorf("%q: %s", text, found)
		}
	}
}

func TestTokens(t *testing.T) {
	t.Setenv(sharedVariable, "shared")
	token := func(options ...Option) string {
		var chosen settings
		for _, option := range options {
			option(&chosen)
		}
		found, _, err := chosen.foundToken()
		if err != nil {
			return err.Error()
		}
		return found
	}
	if token() != "shared" || token(WithToken("")) != "" || token(WithToken("mine")) != "mine" {
		t.Error("the argument counts before the environment")
	}
	t.Setenv(tokenVariable, "own")
	if token() != "own" {
		t.Error("WORKFLOW_RESULTS_TOKEN counts before WORKFLOW_TOKEN")
	}
	if told := token(WithToken("a secret")); strings.Contains(told, "secret") {
		t.Error(told)
	}
}

func TestSettingsThatCannotBeUsed(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.pem")
	if err := os.WriteFile(broken, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		options []Option
		told    string
	}{
		"a token in plain text":         {[]Option{WithToken("secret")}, "plain text"},
		"a file that is not there":      {[]Option{WithCAFile("/nowhere/ca.pem")}, "/nowhere/ca.pem"},
		"a file without a name":         {[]Option{WithCAFile("")}, "ca_file"},
		"a folder":                      {[]Option{WithCAFile(os.TempDir())}, "not a file"},
		"a file without certificates":   {[]Option{WithCAFile(broken)}, "as PEM"},
		"a certificate without its key": {[]Option{WithCertFile(broken)}, "key_file"},
		"a certificate that is none":    {[]Option{WithCertFile(broken), WithKeyFile(broken)}, "as PEM"},
		"a file without TLS":            {[]Option{WithTLS(false), WithCAFile(broken)}, "tls=false"},
		"no time":                       {[]Option{WithTimeout(0)}, "timeout"},
	} {
		_, err := New("results.example:50051", row.options...)
		if !errors.Is(err, InvalidRequest) || !strings.Contains(err.Error(), row.told) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New("results.example:50051", WithToken("secret"), WithTLS(false)); err != nil {
		t.Error(err)
	}
	if _, err := New("results.example:50051", WithCAFile("/nowhere")); !errors.Is(err, os.ErrNotExist) {
		t.Error("the cause is lost:", err)
	}
}

func TestTheTimeOfACall(t *testing.T) {
	short, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for name, row := range map[string]struct {
		ctx     context.Context
		timeout time.Duration
		wanted  time.Duration
	}{
		"the default":         {context.Background(), 0, defaultTimeout},
		"that of the client":  {context.Background(), time.Minute, time.Minute},
		"that of the context": {short, time.Minute, time.Second},
	} {
		ctx, cancel := (&Results{timeout: row.timeout}).bounded(row.ctx)
		defer cancel()
		if left := remaining(ctx); left > row.wanted || left < row.wanted/2 {
			t.Errorf("%s: %s", name, left)
		}
	}
	for timeout, wanted := range map[time.Duration]time.Duration{
		0: longestPatience, time.Second: time.Second, time.Hour: longestPatience,
	} {
		if patience := (&Results{timeout: timeout}).patience(); patience != wanted {
			t.Error(timeout, patience)
		}
	}
}
