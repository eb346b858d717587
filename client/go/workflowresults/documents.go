package workflowresults

import (
	"encoding/binary"
	"fmt"
	"iter"

	"go.mongodb.org/mongo-driver/v2/bson"

	pb "github.com/chimefrb/workflow-results/client/go/workflowresults/v1"
)

// Decode decodes each result of a read into a T: a struct with bson tags, bson.D or bson.M.
//
//	for burst, err := range workflowresults.Decode[Burst](results.View(ctx, "tutorial", nil, nil)) {
//
// A result that does not fit T comes as an error of kind InvalidRequest, and ends the sequence.
func Decode[T any](results iter.Seq2[bson.Raw, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for raw, err := range results {
			var value T
			if err == nil {
				if problem := bson.Unmarshal(raw, &value); problem != nil {
					err = invalid("a result can't be decoded into %T: %w", value, problem)
				}
			}
			if !yield(value, err) || err != nil {
				return
			}
		}
	}
}

// Collect reads a sequence to its end, and returns all of it, or its first error with what came before.
//
//	results, err := workflowresults.Collect(results.View(ctx, "tutorial", nil, nil))
func Collect[T any](sequence iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for each, err := range sequence {
		if err != nil {
			return all, err
		}
		all = append(all, each)
	}
	return all, nil
}

// Works returns works of one type, in the form that [Results.Deposit] and [Results.Update] take.
func Works[T any](works []T) []any {
	all := make([]any, len(works))
	for position, work := range works {
		all[position] = work
	}
	return all
}

// encoded returns a document as BSON. Path is what it is called in an error.
func encoded(path string, document any) (bson.Raw, *Error) {
	if fields, ok := document.(bson.D); ok && fields == nil { // as a bson.M that is nil
		return bson.Raw{5, 0, 0, 0, 0}, nil
	}
	raw, ok := document.(bson.Raw)
	if !ok {
		data, err := bson.Marshal(document)
		if err != nil {
			return nil, invalid("%s, of type %T, can't be encoded as a BSON document: %w", path, document, err)
		}
		return data, nil
	}
	if len(raw) < 5 || uint64(binary.LittleEndian.Uint32(raw)) != uint64(len(raw)) || raw[len(raw)-1] != 0 {
		return nil, invalid("%s must be a whole BSON document; the length in it is not that of the %d bytes", path, len(raw))
	}
	return raw, nil
}

// optional encodes a document that may be missing.
func optional(path string, document any) (*pb.EncodedDocument, *Error) {
	if document == nil {
		return nil, nil
	}
	raw, err := encoded(path, document)
	if err != nil {
		return nil, err
	}
	return &pb.EncodedDocument{Form: &pb.EncodedDocument_Bson{Bson: raw}}, nil
}

// split divides BSON documents that are back to back.
func split(data []byte) ([]bson.Raw, *Error) {
	var documents []bson.Raw
	for len(data) > 0 {
		if len(data) < 5 {
			return nil, other("the service sent broken BSON: %d bytes too many", len(data))
		}
		length := uint64(binary.LittleEndian.Uint32(data))
		if length < 5 || length > uint64(len(data)) {
			return nil, other("the service sent broken BSON: a document of %d bytes in %d", length, len(data))
		}
		documents = append(documents, data[:length])
		data = data[length:]
	}
	return documents, nil
}

// handed returns a copy of a result for the user, without MongoDB's `_id`, which comes first.
func handed(document bson.Raw) bson.Raw {
	skipped := 0
	if element, err := document.IndexErr(0); err == nil && element.Key() == "_id" {
		skipped = len(element)
	}
	made := make(bson.Raw, len(document)-skipped)
	copy(made[4:], document[4+skipped:])
	binary.LittleEndian.PutUint32(made, uint32(len(made)))
	return made
}

// work is a document to be deposited or updated.
type work struct {
	raw          bson.Raw
	pipeline, id string
}

// prepared encodes works.
func prepared(works []any, prepare func(path string, document any) (work, *Error)) ([]work, *Error) {
	made := make([]work, len(works))
	for position, each := range works {
		var err *Error
		if made[position], err = prepare(fmt.Sprintf("works[%d]", position), each); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// preparedDeposit encodes a work that is to be deposited; one without an id gets one. The user's document is not changed.
func preparedDeposit(path string, document any) (work, *Error) {
	raw, err := encoded(path, document)
	if err != nil {
		return work{}, err
	}
	elements, problem := raw.Elements()
	if problem != nil {
		return work{raw: raw}, nil // the service says what is wrong with it
	}
	made, position, present := work{raw: raw}, 4, false
	for _, element := range elements {
		switch element.Key() {
		case "pipeline":
			made.pipeline, _ = element.Value().StringValueOK()
		case "id":
			if element.Value().Type == bson.TypeNull && !present {
				made.id = bson.NewObjectID().Hex()
				made.raw = replaced(raw, position, len(element), made.id)
			} else {
				made.id, _ = element.Value().StringValueOK()
			}
			present = true
		}
		position += len(element)
	}
	if !present {
		made.id = bson.NewObjectID().Hex()
		made.raw = replaced(raw, 4, 0, made.id)
	}
	return made, nil
}

// replaced returns a copy of a document with an id in the place of length bytes at position.
func replaced(document bson.Raw, position, length int, id string) bson.Raw {
	made := append(make(bson.Raw, 0, len(document)-length+len(id)+9), document[:position]...)
	made = append(made, byte(bson.TypeString), 'i', 'd', 0)
	made = binary.LittleEndian.AppendUint32(made, uint32(len(id)+1))
	made = append(append(made, id...), 0)
	made = append(made, document[position+length:]...)
	binary.LittleEndian.PutUint32(made, uint32(len(made)))
	return made
}
