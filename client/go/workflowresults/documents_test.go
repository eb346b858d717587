package workflowresults

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

func marshaled(t *testing.T, document any) bson.Raw {
	t.Helper()
	data, err := bson.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestWorksGetIds(t *testing.T) {
	full := bson.D{{Key: "pipeline", Value: "p"}, {Key: "id", Value: "a"}, {Key: "n", Value: int64(1)}}
	for name, row := range map[string]struct {
		work  any
		fresh bool
	}{
		"an id":         {full, false},
		"no id":         {bson.D{{Key: "pipeline", Value: "p"}, {Key: "n", Value: int64(1)}}, true},
		"null":          {bson.D{{Key: "pipeline", Value: "p"}, {Key: "id", Value: nil}, {Key: "n", Value: int64(1)}}, true},
		"encoded":       {marshaled(t, full), false},
		"encoded, null": {marshaled(t, bson.D{{Key: "id", Value: nil}, {Key: "pipeline", Value: "p"}, {Key: "n", Value: int64(1)}}), true},
	} {
		before := marshaled(t, row.work)
		made, err := preparedDeposit("work", row.work)
		if err != nil {
			t.Fatal(err)
		}
		var decoded struct {
			ID, Pipeline string
			N            int64
		}
		if err := bson.Unmarshal(made.raw, &decoded); err != nil || made.raw.Validate() != nil {
			t.Fatal(name, err)
		}
		if decoded.ID != made.id || decoded.Pipeline != "p" || made.pipeline != "p" || decoded.N != 1 {
			t.Errorf("%s: %+v", name, decoded)
		}
		if row.fresh != (len(made.id) == 24) || !bytes.Equal(before, marshaled(t, row.work)) {
			t.Errorf("%s: %q", name, made.id)
		}
	}
}

func TestWorksThatCannotBeSent(t *testing.T) {
	for name, work := range map[string]any{
		"no document":     42,
		"too large":       bson.D{{Key: "n", Value: uint64(math.MaxUint64)}},
		"cut off":         bson.Raw{6, 0, 0, 0, 0},
		"bytes behind it": bson.Raw{5, 0, 0, 0, 0, 0},
		"nothing":         nil,
	} {
		if _, err := prepared([]any{work}, preparedDeposit); err == nil || !errors.Is(err, InvalidRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDocumentsThatAreNilAreEmpty(t *testing.T) {
	for _, document := range []any{bson.D(nil), bson.M(nil), bson.D{}, bson.M{}} {
		if raw, err := encoded("query", document); err != nil || !bytes.Equal(raw, []byte{5, 0, 0, 0, 0}) {
			t.Errorf("%#v: %v, %v", document, raw, err)
		}
	}
}

func TestResultsAreHandedOn(t *testing.T) {
	document := marshaled(t, bson.D{{Key: "_id", Value: "a"}, {Key: "id", Value: "a"}, {Key: "_idle", Value: 1}})
	if made := handed(document); made.String() != `{"id": "a","_idle": {"$numberInt":"1"}}` || made.Validate() != nil {
		t.Error(made)
	}
	plain := marshaled(t, bson.D{{Key: "id", Value: "a"}})
	if made := handed(plain); !bytes.Equal(made, plain) || &made[0] == &plain[0] {
		t.Error("a result is not the user's own")
	}
}

func TestDocumentsBackToBack(t *testing.T) {
	one := marshaled(t, bson.D{{Key: "n", Value: 1}})
	if all, err := split(append(append(bson.Raw{}, one...), one...)); err != nil || len(all) != 2 {
		t.Error(all, err)
	}
	for _, broken := range [][]byte{one[:len(one)-1], {1, 0, 0}, {4, 0, 0, 0, 0}, {255, 255, 255, 255, 0}} {
		if _, err := split(broken); err == nil {
			t.Error(broken)
		}
	}
}

func TestTypesAreKept(t *testing.T) {
	moment := bson.NewDateTimeFromTime(time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC))
	document := bson.D{{Key: "large", Value: int64(1) << 53}, {Key: "small", Value: int32(1)}, {Key: "when", Value: moment}}
	var decoded bson.D
	if err := bson.Unmarshal(marshaled(t, document), &decoded); err != nil {
		t.Fatal(err)
	}
	for position, each := range document {
		if decoded[position] != each {
			t.Errorf("%v became %v", each, decoded[position])
		}
	}
}

func TestDecodeAndCollect(t *testing.T) {
	type burst struct{ ID string }
	results := func(yield func(bson.Raw, error) bool) {
		_ = yield(marshaled(t, bson.D{{Key: "id", Value: "a"}}), nil) && yield(marshaled(t, bson.D{{Key: "id", Value: 1}}), nil) &&
			yield(nil, other("it goes on"))
	}
	all, err := Collect(Decode[burst](results))
	if len(all) != 1 || all[0].ID != "a" || !errors.Is(err, InvalidRequest) {
		t.Error(all, err)
	}
}
