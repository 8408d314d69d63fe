package merge

// action is what a merge does about one key of forge's in the user's file.
type action int

const (
	leaveKey    action = iota // the user's stands, or there is nothing to do
	addKey                    // put forge's there
	removeKey                 // take it out, with its comment
	takeValue                 // give it forge's value
	uniteValues               // join two sets of strings
	disputeKey                // let the user decide
)
