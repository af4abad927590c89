# A stop. While the account is frozen, value goes to safe addresses alone, and what was granted can only be taken back.
package writ.freeze

import rego.v1

decision := {
	"allow": count(refusals) == 0,
	"reasons": refusals,
	"validFor": data.parameters.validFor,
}

nobody := "0x0000000000000000000000000000000000000000"

account := input.account.address

frozen if data.parameters.frozen == true

safe := {entry | some entry in data.parameters.safe}

exits := {[exit.address, selector] |
	some exit in data.parameters.exits
	some selector in exit.selectors
}

# What may be called: what brings value to a safe address, what takes a grant back, and the exits that are listed.

refusals contains reason if {
	frozen
	some call in input.calls
	not is_exit(call)
	reason := concat("", ["the account is frozen: ", name_of(call), " of ", call.to, " is no exit that is left"])
}

name_of(call) := call.function if call.function != ""

name_of(call) := concat("", ["function ", call.selector]) if {
	call.function == ""
	call.selector != ""
}

name_of(call) := "a plain transfer" if {
	call.function == ""
	call.selector == ""
}

is_exit(call) if [call.to, call.selector] in exits

is_exit(call) if {
	call.selector == ""
	call.to in safe
}

# An ERC-721 has another meaning for `approve`: it names who may take token 0. What is granted then stands in the effects.
is_exit(call) if {
	call.function in {"approve(address,uint256)", "increaseAllowance(address,uint256)"}
	call.args[1].value == 0
}

is_exit(call) if {
	call.function == "setApprovalForAll(address,bool)"
	call.args[1].value == false
}

is_exit(call) if {
	call.function == "transfer(address,uint256)"
	call.args[0].value in safe
}

is_exit(call) if {
	call.function == "withdrawTo(address,uint256)"
	call.args[0].value in safe
}

is_exit(call) if {
	call.function in {
		"transferFrom(address,address,uint256)",
		"safeTransferFrom(address,address,uint256)",
		"safeTransferFrom(address,address,uint256,bytes)",
		"safeTransferFrom(address,address,uint256,uint256,bytes)",
		"safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)",
	}
	call.args[0].value == account
	call.args[1].value in safe
}

# What happens then, whatever the calls are named.

refusals contains "the account is frozen: the execution reverts in simulation, so nobody knows what it does" if {
	frozen
	input.effects.reverted != false
}

refusals contains reason if {
	frozen
	some delegated in input.effects.delegateCalls
	delegated.from == account
	reason := concat("", ["the account is frozen: delegatecall to ", delegated.to, " would run foreign code as the account"])
}

refusals contains reason if {
	frozen
	some call in input.calls
	call.value > 0
	not call.to in safe
	reason := concat("", ["the account is frozen: native currency may not go to ", call.to])
}

refusals contains reason if {
	frozen
	some entry in input.effects.native
	entry.from == account
	entry.amount > 0
	not entry.to in safe
	reason := concat("", ["the account is frozen: native currency may not go to ", entry.to])
}

refusals contains reason if {
	frozen
	some entry in input.effects.tokens
	entry.from == account
	not entry.to in safe
	reason := concat("", ["the account is frozen: ", entry.token, " may not go to ", entry.to])
}

refusals contains reason if {
	frozen
	some entry in input.effects.approvals
	entry.owner == account
	entry.amount > 0
	reason := concat("", ["the account is frozen: ", entry.spender, " may not be approved to take anything of ", entry.token])
}

# What the chain lets others take later: also of tokens that say nothing of it.
refusals contains reason if {
	frozen
	some bound in input.bounds
	bound.maxOut > 0
	bound.spender != nobody
	reason := concat("", ["the account is frozen: ", bound.spender, " may not be approved to take anything of ", bound.asset])
}

# Whoever holds the owner's key could burn what is left as gas.
refusals contains reason if {
	frozen
	input.operation.maxCost > data.parameters.feePerOperation
	reason := concat("", [
		"the account is frozen: at most ", format_int(data.parameters.feePerOperation, 10),
		" wei may be spent on gas in one operation: ", format_int(input.operation.maxCost, 10), " might be",
	])
}
