# Who may call which functions of a guarded contract, with whom on the way, and what may leave it.
package writ.guarded_calls

import rego.v1

decision := {
	"allow": count(refusals) == 0,
	"reasons": refusals,
	"validFor": data.parameters.validFor,
}

callers := {entry | some entry in data.parameters.callers}

denied := {entry | some entry in data.parameters.denied}

selectors := {entry | some entry in data.parameters.selectors}

limit_of := {entry.asset: entry.perCall | some entry in data.parameters.limits}

# What is decided on: one call of the contract, by a caller that the chain knows.

guarded if input.account.kind == "guarded-contract"

refusals contains "this policy decides on calls of guarded contracts alone" if not guarded

# Who calls, and what.

refusals contains reason if {
	data.parameters.anyone == false
	not input.action.caller in callers
	reason := concat("", [input.action.caller, " is not among those who may call"])
}

refusals contains reason if {
	some call in input.calls
	not call.selector in selectors
	reason := concat("", [name_of(call), " is not among the functions that may be called"])
}

name_of(call) := call.selector if call.selector != ""

name_of(call) := "a call without data" if call.selector == ""

# With whom: the deny-list, in any part. Whoever calls is among those who are touched.

parties contains [entry, "calls, or is touched"] if some entry in input.effects.touched

parties contains [entry.from, "sends native currency"] if some entry in input.effects.native

parties contains [entry.to, "receives native currency"] if some entry in input.effects.native

parties contains [entry.token, "a token that moves"] if some entry in input.effects.tokens

parties contains [entry.from, "sends tokens"] if some entry in input.effects.tokens

parties contains [entry.to, "receives tokens"] if some entry in input.effects.tokens

refusals contains reason if {
	some [address, part] in parties
	address in denied
	reason := concat("", [address, " is on the deny-list (", part, ")"])
}

# What leaves the contract, which the chain enforces.

refusals contains reason if {
	some bound in input.bounds
	bound.maxOut > 0
	not limit_of[bound.asset]
	reason := concat("", ["nothing of ", bound.asset, " may leave the contract"])
}

refusals contains reason if {
	some bound in input.bounds
	bound.maxOut > limit_of[bound.asset]
	reason := concat("", [
		"at most ", format_int(limit_of[bound.asset], 10), " of ", bound.asset, " may leave in one call: ",
		format_int(bound.maxOut, 10), " would",
	])
}
