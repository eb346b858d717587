package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	wr "github.com/chimefrb/workflow-results/client/go/workflowresults"
)

// opened is what stays open between commands: one of its parts.
type opened struct {
	next      func() (bson.Raw, error, bool)
	stop      func()
	watch     *wr.Watch
	depositor *wr.Depositor
	told      atomic.Int64
}

func (t *testee) put(name string, made *opened) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.opened[name] = made
}

func (t *testee) get(name string) *opened {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.opened[name]
}

func (t *testee) of(asked *command) *wr.Results {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.clients[asked.Client]
}

func (t *testee) open(_ context.Context, asked *command) (fields, error) {
	ctx := context.Background() // it stays open
	if asked.What != "watch" {
		next, stop := iter.Pull2(reads(ctx, t.of(asked), asked.What, asked))
		t.put(asked.Stream, &opened{next: next, stop: stop})
		return fields{}, nil
	}
	token, err := hex.DecodeString(asked.ResumeToken)
	if err != nil {
		return nil, err
	}
	watch, err := t.of(asked).Watch(ctx, asked.Pipelines, &wr.WatchOptions{
		Query: decoded(asked.Query), Projection: decoded(asked.Projection), Snapshot: asked.Snapshot, ResumeToken: token,
	})
	if err != nil {
		return nil, err
	}
	t.put(asked.Stream, &opened{watch: watch})
	return fields{}, nil
}

func (t *testee) next(ctx context.Context, asked *command) (fields, error) {
	stream := t.get(asked.Stream)
	if stream.watch != nil {
		return nextChanges(ctx, stream.watch, asked.Count)
	}
	results := []string{}
	for int64(len(results)) < asked.Count {
		result, err, ok := stream.next()
		if !ok {
			return fields{"results": results, "end": true}, nil
		}
		if err != nil {
			return nil, err
		}
		digits, err := encode(result)
		if err != nil {
			return nil, err
		}
		results = append(results, digits)
	}
	return fields{"results": results}, nil
}

func nextChanges(ctx context.Context, watch *wr.Watch, count int64) (fields, error) {
	changes := []fields{}
	for change, err := range watch.Changes(ctx) {
		if err != nil {
			return nil, err
		}
		told := fields{
			"kind": change.Kind, "pipeline": change.Pipeline, "id": change.ID, "result": nil, "time": milliseconds(change.Time),
			"caller": change.Caller, "reason": change.Reason, "fields": list(change.Fields),
			"resume_token": hex.EncodeToString(change.ResumeToken),
		}
		if change.Result != nil {
			if told["result"], err = encode(change.Result); err != nil {
				return nil, err
			}
		}
		if changes = append(changes, told); int64(len(changes)) == count {
			break
		}
	}
	return fields{"changes": changes}, nil
}

func (t *testee) token(_ context.Context, asked *command) (fields, error) {
	return fields{"resume_token": hex.EncodeToString(t.get(asked.Stream).watch.ResumeToken())}, nil
}

func (t *testee) drain(_ context.Context, asked *command) (fields, error) {
	stream, began := t.get(asked.Stream), time.Now()
	digest, last, ordered := sha256.New(), "", true
	for {
		result, err, ok := stream.next()
		if !ok {
			break
		}
		if err != nil {
			return nil, err
		}
		var document bson.D
		if err := bson.Unmarshal(result, &document); err != nil {
			return nil, err
		}
		var id string
		for _, each := range document {
			if each.Key == "id" {
				id, _ = each.Value.(string)
			}
		}
		fmt.Fprintln(digest, id)
		ordered = ordered && (stream.told.Load() == 0 || id < last)
		last = id
		stream.told.Add(1)
	}
	return fields{
		"count": stream.told.Load(), "digest": hex.EncodeToString(digest.Sum(nil)), "ordered": ordered,
		"seconds": time.Since(began).Seconds(),
	}, nil
}

func (t *testee) depositor(_ context.Context, asked *command) (fields, error) {
	options := &wr.DepositorOptions{}
	if asked.Timeout != nil {
		options.Timeout = seconds(*asked.Timeout)
	}
	t.put(asked.Stream, &opened{depositor: t.of(asked).Depositor(options)})
	return fields{}, nil
}

func (t *testee) send(ctx context.Context, asked *command) (fields, error) {
	depositor := t.get(asked.Stream).depositor
	var pending []*wr.Pending
	for _, each := range works(asked.Works) {
		made, err := depositor.Deposit(ctx, each)
		if err != nil {
			return nil, err
		}
		pending = append(pending, made)
	}
	receipts := make([]wr.Receipt, len(pending))
	for position, each := range pending {
		var err error
		if receipts[position], err = each.Receipt(ctx); err != nil {
			return nil, err
		}
	}
	return fields{"receipts": told(receipts)}, nil
}

// numbered returns the work with a number.
func numbered(pipeline string, number int64, padding string) bson.D {
	return bson.D{
		{Key: "id", Value: fmt.Sprintf("%010d", number)}, {Key: "pipeline", Value: pipeline}, {Key: "status", Value: "success"},
		{Key: "results", Value: bson.D{{Key: "number", Value: number}, {Key: "padding", Value: padding}}},
	}
}

func (t *testee) sendMany(ctx context.Context, asked *command) (fields, error) {
	const most = 20_000
	stream, began, outcomes := t.get(asked.Stream), time.Now(), map[wr.Outcome]int{}
	padding := strings.Repeat("x", asked.Padding)
	pending := make(chan *wr.Pending, most)
	failed := make(chan error, 1)
	go func() {
		defer close(pending)
		for number := asked.From; number < asked.To; number++ {
			made, err := stream.depositor.Deposit(ctx, numbered(asked.Pipeline, number, padding))
			if err != nil {
				failed <- err
				return
			}
			pending <- made
		}
	}()
	var failure error
	for each := range pending {
		receipt, err := each.Receipt(ctx)
		if failure = errors.Join(failure, err); err == nil {
			outcomes[receipt.Outcome]++
			stream.told.Add(1)
		}
	}
	if len(failed) > 0 {
		failure = <-failed
	}
	return fields{"outcomes": outcomes, "seconds": time.Since(began).Seconds()}, failure
}

func (t *testee) tell(_ context.Context, asked *command) (fields, error) {
	return fields{"count": t.get(asked.Stream).told.Load()}, nil
}

func (t *testee) shut(ctx context.Context, asked *command) (fields, error) {
	stream := t.get(asked.Stream)
	t.mu.Lock()
	delete(t.opened, asked.Stream)
	t.mu.Unlock()
	switch {
	case stream.watch != nil:
		return fields{}, stream.watch.Close()
	case stream.depositor != nil:
		return fields{}, stream.depositor.Close(ctx)
	}
	stream.stop()
	return fields{}, nil
}

// memory returns the resident memory of this process.
func memory() (fields, error) {
	content, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil, err
	}
	told := fields{}
	for _, line := range strings.Split(string(content), "\n") {
		for name, key := range map[string]string{"VmHWM:": "peak_kib", "VmRSS:": "now_kib"} {
			if rest, ok := strings.CutPrefix(line, name); ok {
				if told[key], err = strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB")); err != nil {
					return nil, err
				}
			}
		}
	}
	return told, nil
}
