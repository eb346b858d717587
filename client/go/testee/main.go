// Command testee stands for this client in the suite that tests the clients of all languages: it reads commands from
// standard input, one line of JSON each, and writes their answers to standard output.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	wr "github.com/chimefrb/workflow-results/client/go/workflowresults"
)

// fields are those of an answer.
type fields map[string]any

// command is a line of the suite, with every field that any command has.
type command struct {
	N           int      `json:"n"`
	Do          string   `json:"do"`
	Client      string   `json:"client"`
	Target      *string  `json:"target"`
	Token       *string  `json:"token"`
	TLS         *bool    `json:"tls"`
	CAFile      *string  `json:"ca_file"`
	CertFile    *string  `json:"cert_file"`
	KeyFile     *string  `json:"key_file"`
	Timeout     *float64 `json:"timeout"`
	Document    string   `json:"document"`
	Works       []string `json:"works"`
	Pipeline    string   `json:"pipeline"`
	Pipelines   []string `json:"pipelines"`
	ID          string   `json:"id"`
	IDs         []string `json:"ids"`
	Query       *string  `json:"query"`
	Projection  *string  `json:"projection"`
	Skip        int64    `json:"skip"`
	Limit       *int64   `json:"limit"`
	Count       int64    `json:"count"`
	Field       string   `json:"field"`
	Ascending   bool     `json:"ascending"`
	EventNumber int64    `json:"event_number,string"`
	Force       bool     `json:"force"`
	Reason      string   `json:"reason"`
	RequestID   string   `json:"request_id"`
	Method      string   `json:"method"`
	Request     string   `json:"request"`
	Requests    []string `json:"requests"`
	Take        int      `json:"take"`
	Stream      string   `json:"stream"`
	What        string   `json:"what"`
	Snapshot    bool     `json:"snapshot"`
	ResumeToken string   `json:"resume_token"`
	From        int64    `json:"from"`
	To          int64    `json:"to"`
	Padding     int      `json:"padding"`
	URI         string   `json:"uri"`
	Database    string   `json:"database"`
}

// testee has what stays open between commands.
type testee struct {
	mu      sync.Mutex
	clients map[string]*wr.Results
	opened  map[string]*opened
}

func main() {
	tested := &testee{clients: map[string]*wr.Results{}, opened: map[string]*opened{}}
	lines, out := bufio.NewReader(os.Stdin), json.NewEncoder(os.Stdout)
	var running sync.WaitGroup
	var printing sync.Mutex
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var asked command
		if err := json.Unmarshal(line, &asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		running.Add(1)
		go func() {
			defer running.Done()
			answer := tested.answer(&asked)
			answer["n"] = asked.N
			printing.Lock()
			defer printing.Unlock()
			if err := out.Encode(answer); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}()
	}
	tested.mu.Lock()
	for _, each := range tested.clients {
		_ = each.Close()
	}
	tested.mu.Unlock()
	running.Wait()
}

func (t *testee) answer(asked *command) fields {
	ctx, cancel := context.Background(), context.CancelFunc(func() {})
	if asked.Timeout != nil && asked.Do != "connect" {
		ctx, cancel = context.WithTimeout(ctx, seconds(*asked.Timeout))
	}
	defer cancel()
	t.mu.Lock()
	client := t.clients[asked.Client]
	t.mu.Unlock()
	var answer fields
	var err error
	if alone, ok := withoutClient[asked.Do]; ok {
		answer, err = alone(t, ctx, asked)
	} else if over, ok := overClient[asked.Do]; ok {
		answer, err = over(ctx, client, asked)
	} else {
		return fields{"unknown": true}
	}
	if err != nil {
		return fields{"error": worded(err)}
	}
	return answer
}

var withoutClient = map[string]func(*testee, context.Context, *command) (fields, error){
	"connect":       (*testee).connect,
	"close":         (*testee).close,
	"open":          (*testee).open,
	"next":          (*testee).next,
	"token":         (*testee).token,
	"drain":         (*testee).drain,
	"depositor":     (*testee).depositor,
	"send":          (*testee).send,
	"send_many":     (*testee).sendMany,
	"shut":          (*testee).shut,
	"tell":          (*testee).tell,
	"echo":          func(_ *testee, _ context.Context, asked *command) (fields, error) { return echo(asked) },
	"rss":           func(*testee, context.Context, *command) (fields, error) { return memory() },
	"driver_insert": func(_ *testee, ctx context.Context, asked *command) (fields, error) { return driverInsert(ctx, asked) },
	"driver_find":   func(_ *testee, ctx context.Context, asked *command) (fields, error) { return driverFind(ctx, asked) },
}

func (t *testee) connect(_ context.Context, asked *command) (fields, error) {
	var options []wr.Option
	if asked.Token != nil {
		options = append(options, wr.WithToken(*asked.Token))
	}
	if asked.TLS != nil {
		options = append(options, wr.WithTLS(*asked.TLS))
	}
	if asked.CAFile != nil {
		options = append(options, wr.WithCAFile(*asked.CAFile))
	}
	if asked.CertFile != nil {
		options = append(options, wr.WithCertFile(*asked.CertFile))
	}
	if asked.KeyFile != nil {
		options = append(options, wr.WithKeyFile(*asked.KeyFile))
	}
	if asked.Timeout != nil {
		options = append(options, wr.WithTimeout(seconds(*asked.Timeout)))
	}
	connect := wr.NewFromEnvironment
	if asked.Target != nil {
		connect = func(options ...wr.Option) (*wr.Results, error) { return wr.New(*asked.Target, options...) }
	}
	client, err := connect(options...)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clients[asked.Client] = client
	return fields{}, nil
}

func (t *testee) close(_ context.Context, asked *command) (fields, error) {
	t.mu.Lock()
	client := t.clients[asked.Client]
	delete(t.clients, asked.Client)
	t.mu.Unlock()
	return fields{}, client.Close()
}

// worded returns an error as the suite expects it.
func worded(err error) fields {
	var failure *wr.Error
	if !errors.As(err, &failure) {
		return fields{"kind": "other", "reason": "", "message": err.Error(), "outcome_unknown": false}
	}
	kinds := map[wr.Kind]string{
		wr.InvalidRequest: "invalid_request", wr.Unauthenticated: "unauthenticated", wr.PermissionDenied: "permission_denied",
		wr.Unavailable: "unavailable", wr.DeadlineExceeded: "deadline_exceeded", wr.Canceled: "cancelled", wr.Other: "other",
	}
	return fields{
		"kind": kinds[failure.Kind], "code": codeName(failure.Code), "reason": failure.Reason, "fields": list(failure.Fields),
		"message": failure.Message, "call_id": failure.CallID, "outcome_unknown": failure.OutcomeUnknown,
	}
}

func seconds(number float64) time.Duration { return time.Duration(number * float64(time.Second)) }

// decode turns hexadecimal digits into the native type of documents; what can't be decoded stays as it is.
func decode(digits string) any {
	data, err := hex.DecodeString(digits)
	if err != nil {
		panic(err)
	}
	var document bson.D
	if bson.Unmarshal(data, &document) != nil {
		return bson.Raw(data)
	}
	return document
}

// decoded decodes a document that may be missing.
func decoded(digits *string) any {
	if digits == nil {
		return nil
	}
	return decode(*digits)
}

// encode turns a document of the facade into hexadecimal digits, by way of the native type.
func encode(raw bson.Raw) (string, error) {
	var document bson.D
	if err := bson.Unmarshal(raw, &document); err != nil {
		return "", err
	}
	data, err := bson.Marshal(document)
	return hex.EncodeToString(data), err
}

func echo(asked *command) (fields, error) {
	data, err := bson.Marshal(decode(asked.Document))
	return fields{"document": hex.EncodeToString(data)}, err
}

// list makes an empty list of none.
func list[T any](values []T) []T {
	if values == nil {
		return []T{}
	}
	return values
}
