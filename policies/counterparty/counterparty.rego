# With whom an account may deal: nobody on the deny-list in any role, and value only to those on
# the allow-list.
package writ.counterparty

import rego.v1

decision := {
	"allow": count(refusals) == 0,
	"reasons": refusals,
	"validFor": data.parameters.validFor,
}

nobody := "0x0000000000000000000000000000000000000000"

account := input.account.address

denied := {entry | some entry in data.parameters.denied}

recipients := {entry | some entry in data.parameters.recipients}

# Who may be called, or named in a call. The account may name itself, as in a swap to itself.
known := (recipients | {entry | some entry in data.parameters.contracts}) | {account}

# The deny-list: every address in the operation, whatever its part.

parties contains [call.to, "called"] if some call in input.calls

parties contains [entry, "named in a call"] if some entry in named

parties contains [entry.from, "sends native currency"] if some entry in input.effects.native

parties contains [entry.to, "receives native currency"] if some entry in input.effects.native

parties contains [entry.token, "a token that moves"] if some entry in input.effects.tokens

parties contains [entry.from, "sends tokens"] if some entry in input.effects.tokens

parties contains [entry.to, "receives tokens"] if some entry in input.effects.tokens

parties contains [entry.token, "a token that is approved"] if some entry in input.effects.approvals

parties contains [entry.owner, "approves"] if some entry in input.effects.approvals

parties contains [entry.spender, "is approved"] if some entry in input.effects.approvals

parties contains [entry.to, "runs by delegatecall"] if some entry in input.effects.delegateCalls

parties contains [entry, "is created"] if some entry in input.effects.created

parties contains [entry, "is touched"] if some entry in input.effects.touched

parties contains [input.operation.paymaster, "pays for gas"]

parties contains [input.operation.factory, "deploys the account"]

refusals contains reason if {
	some [address, part] in parties
	address in denied
	reason := concat("", [address, " is on the deny-list (", part, ")"])
}

# The allow-list: where value may go.

executes if input.effects.reverted == false

refusals contains "the execution reverts in simulation, so nobody knows with whom it deals" if not executes

refusals contains reason if {
	some call in input.calls
	not call.to in known
	reason := concat("", [call.to, " may not be called: it is on no list"])
}

refusals contains reason if {
	some call in input.calls
	call.selector != ""
	call.function == ""
	reason := concat("", ["function ", call.selector, " of ", call.to, " is not known, so nobody knows whom it names"])
}

refusals contains reason if {
	some entry in named
	not entry in known
	reason := concat("", [entry, " may not be named in a call: it is on no list"])
}

refusals contains reason if {
	some entry in receivers
	not entry in recipients
	reason := concat("", [entry, " may not receive anything: it is not on the allow-list"])
}

refusals contains reason if {
	some entry in input.effects.approvals
	entry.owner == account
	entry.amount > 0
	not entry.spender in recipients
	reason := concat("", [entry.spender, " may not be approved to take anything: it is not on the allow-list"])
}

# What the chain lets others take later: also of tokens that say nothing of it.
refusals contains reason if {
	some bound in input.bounds
	bound.maxOut > 0
	bound.spender != nobody
	not bound.spender in recipients
	reason := concat("", [bound.spender, " may not be approved to take anything: it is not on the allow-list"])
}

receivers contains call.to if {
	some call in input.calls
	call.value > 0
}

# A deposit goes from the EntryPoint to where the call says.
receivers contains arg.value if {
	some call in input.calls
	call.function == "withdrawTo(address,uint256)"
	some arg in call.args
	arg.type == "address"
	arg.value != account
}

receivers contains entry.to if {
	some entry in input.effects.native
	entry.from == account
	entry.amount > 0
}

receivers contains entry.to if {
	some entry in input.effects.tokens
	entry.from == account
	entry.to != account
}

# Addresses among the arguments, alone or in a list.

named contains arg.value if {
	some call in input.calls
	some arg in call.args
	arg.type == "address"
}

named contains entry if {
	some call in input.calls
	some arg in call.args
	startswith(arg.type, "address[")
	some entry in arg.value
}
