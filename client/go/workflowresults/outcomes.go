package workflowresults

import (
	"fmt"
	"strings"

	pb "github.com/chimefrb/workflow-results/client/go/workflowresults/v1"
)

// Outcome is what became of a work that was deposited.
type Outcome string

// What may become of a work.
const (
	// Deposited: this call has stored it.
	Deposited Outcome = "DEPOSITED"
	// AlreadyDeposited: it was stored before with the same content.
	AlreadyDeposited Outcome = "ALREADY_DEPOSITED"
	// Conflict: a result with the same id and other content is stored; it was not changed.
	Conflict Outcome = "CONFLICT"
	// Rejected: the work breaks a rule, and is not stored.
	Rejected Outcome = "REJECTED"
)

// Receipt tells what became of a work.
type Receipt struct {
	// Pipeline and ID are those of the work. They are empty if it has none, or ones that are not strings.
	Pipeline, ID string
	// Outcome is what became of it.
	Outcome Outcome
	// Reason is, for a work that was rejected, the name of the RejectionReason in the proto, a colon and a sentence; for one
	// in conflict, a sentence; otherwise empty. A position in it, as in "works[3].id", is that in the request that was sent.
	Reason string
}

// Stored returns whether the work is stored durably, by this call or before.
func (r Receipt) Stored() bool { return r.Outcome == Deposited || r.Outcome == AlreadyDeposited }

// String describes the receipt.
func (r Receipt) String() string {
	text := fmt.Sprintf("%s %q: %s", r.Pipeline, r.ID, r.Outcome)
	if r.Reason != "" {
		text += " (" + r.Reason + ")"
	}
	return text
}

const conflict = "a result with this id is stored with other content"

// receipts reads the answer to a request with works.
func receipts(works []work, outcomes []pb.DepositOutcome, rejections []*pb.Rejection) ([]Receipt, *Error) {
	made := make([]Receipt, len(works))
	known := 0
	for position, each := range outcomes {
		if position < len(works) && each >= pb.DepositOutcome_DEPOSIT_OUTCOME_DEPOSITED &&
			each <= pb.DepositOutcome_DEPOSIT_OUTCOME_REJECTED {
			outcome := Outcome(strings.TrimPrefix(each.String(), "DEPOSIT_OUTCOME_"))
			made[position] = Receipt{Pipeline: works[position].pipeline, ID: works[position].id, Outcome: outcome}
			if outcome == Conflict {
				made[position].Reason = conflict
			}
			known++
		}
	}
	if known != len(works) || len(outcomes) != len(works) {
		err := other("the service returned %d outcomes for %d works, %d of them known to this client: is the client older than"+
			" the server?", len(outcomes), len(works), known)
		err.OutcomeUnknown = true
		return nil, err
	}
	for _, each := range rejections {
		if index := int(each.GetIndex()); index >= 0 && index < len(made) {
			made[index].Reason = rejectionReason(each.GetReason()) + ": " + each.GetMessage()
		}
	}
	return made, nil
}

// rejectionReason names a reason; a newer server may have others, which its message explains.
func rejectionReason(reason pb.RejectionReason) string {
	if name, ok := pb.RejectionReason_name[int32(reason)]; ok {
		return strings.TrimPrefix(name, "REJECTION_REASON_")
	}
	return string(Rejected)
}

// oversized returns the receipt of a work that does not fit into a request.
func oversized(work work) (Receipt, bool) {
	const most = messageBytes - 1024
	if len(work.raw) <= most {
		return Receipt{}, false
	}
	reason := fmt.Sprintf("TOO_LARGE: has %d bytes of BSON; at most %d can be sent", len(work.raw), most)
	return Receipt{Pipeline: work.pipeline, ID: work.id, Outcome: Rejected, Reason: reason}, true
}

// Refusal tells for which result an all-or-nothing call was refused, and why.
type Refusal struct {
	// Pipeline and ID name the result.
	Pipeline, ID string
	// Locked: the result is locked; otherwise it does not exist.
	Locked bool
}

// ChangeOutcome tells what became of an all-or-nothing call. That it was refused is no error.
type ChangeOutcome struct {
	// Applied: every result was changed, or was already as requested. Otherwise, nothing was changed.
	Applied bool
	// Refusals are the results for which the call was refused: the first 1,000.
	Refusals []Refusal
	// RefusalCount is for how many results it was refused in all.
	RefusalCount int
}

// String describes the outcome.
func (c ChangeOutcome) String() string {
	if c.Applied {
		return "applied"
	}
	const named = 5
	told := make([]string, 0, named+1)
	for _, each := range c.Refusals[:min(len(c.Refusals), named)] {
		why := "does not exist"
		if each.Locked {
			why = "is locked"
		}
		told = append(told, fmt.Sprintf("%s %q %s", each.Pipeline, each.ID, why))
	}
	if more := c.RefusalCount - len(told); more > 0 {
		told = append(told, fmt.Sprintf("and %d more", more))
	}
	return "nothing was changed: " + strings.Join(told, ", ")
}

func changeOutcome(outcome *pb.ChangeOutcome) ChangeOutcome {
	made := ChangeOutcome{Applied: outcome.GetApplied(), RefusalCount: int(outcome.GetRefusalCount())}
	for _, each := range outcome.GetRefusals() {
		locked := each.GetReason() == pb.RefusalReason_REFUSAL_REASON_LOCKED
		made.Refusals = append(made.Refusals, Refusal{Pipeline: each.GetPipeline(), ID: each.GetId(), Locked: locked})
	}
	return made
}
