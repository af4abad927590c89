package writ.counterparty_test

import data.writ.counterparty
import rego.v1

nothing := {"operations": 0, "spent": [], "counterparties": []}

me := "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

nobody := "0x0000000000000000000000000000000000000000"

usdc := "0x1111111111111111111111111111111111111111"

friend := "0x2222222222222222222222222222222222222222"

gate := "0x3333333333333333333333333333333333333333"

stranger := "0x9999999999999999999999999999999999999999"

villain := "0xbadbadbadbadbadbadbadbadbadbadbadbadbad0"

parameters := {"recipients": [friend], "contracts": [usdc], "denied": [villain], "validFor": 60}

arg(type, value) := {"name": "to", "type": type, "value": value}

transfer_call := {
	"to": usdc, "value": 0, "selector": "0xa9059cbb", "function": "transfer(address,uint256)",
	"args": [arg("address", friend), {"name": "amount", "type": "uint256", "value": 5}], "data": "0xa9059cbb",
}

moved(from, to) := {"token": usdc, "standard": "erc20", "from": from, "to": to, "amount": 5}

base := {
	"version": 2,
	"chain": {"id": 1, "block": {"number": 1, "hash": "0x00", "timestamp": 1}},
	"account": {"address": me, "codeHash": "0x00", "kind": "erc7579-openzeppelin", "deployed": true, "balance": 0},
	"operation": {
		"entryPoint": gate, "nonce": {"key": 0, "sequence": 0}, "factory": nobody, "paymaster": nobody,
		"callGasLimit": 1, "maxCost": 1,
	},
	"calls": [transfer_call],
	"bounds": [bound("native", nobody, nobody, 0), bound("erc20", usdc, nobody, 5)],
	"effects": {
		"native": [], "tokens": [moved(me, friend)], "approvals": [], "delegateCalls": [], "created": [],
		"touched": [usdc], "reverted": false,
	},
	"history": {"sequence": 0, "hour": nothing, "day": nothing, "week": nothing},
	"facts": {},
}

bound(kind, asset, spender, most) := {"asset": asset, "kind": kind, "id": 0, "spender": spender, "maxOut": most}

not_received(address) := concat("", [address, " may not receive anything: it is not on the allow-list"])

not_named(address) := concat("", [address, " may not be named in a call: it is on no list"])

is_denied(part) := concat("", [villain, " is on the deny-list (", part, ")"])

test_known_parties if {
	counterparty.decision == {"allow": true, "reasons": set(), "validFor": 60} with input as base
		with data.parameters as parameters
}

test_denial_carries_its_reasons if {
	decision := counterparty.decision with input as base
		with data.parameters as parameters
		with input.effects.reverted as true
	decision.allow == false
	decision.reasons == {"the execution reverts in simulation, so nobody knows with whom it deals"}
}

# The deny-list, in every part. The deny-list counts even for those on the other lists.

everyone := object.union(parameters, {"recipients": [friend, villain]})

test_denied_target if {
	reasons := counterparty.refusals with input as base
		with data.parameters as everyone
		with input.calls as [object.union(transfer_call, {"to": villain})]
	reasons == {is_denied("called")}
}

test_denied_argument if {
	reasons := counterparty.refusals with input as base
		with data.parameters as everyone
		with input.calls as [object.union(transfer_call, {"args": [arg("address", villain)]})]
	reasons == {is_denied("named in a call")}
}

test_denied_native_sender if {
	reasons := counterparty.refusals with input as base
		with data.parameters as everyone
		with input.effects.native as [{"from": villain, "to": me, "amount": 1}]
	reasons == {is_denied("sends native currency")}
}

test_denied_native_recipient if {
	reasons := counterparty.refusals with input as base
		with data.parameters as everyone
		with input.effects.native as [{"from": me, "to": villain, "amount": 1}]
	reasons == {is_denied("receives native currency")}
}

test_denied_token if {
	reasons := counterparty.refusals with input as base
		with data.parameters as everyone
		with input.effects.tokens as [object.union(moved(friend, me), {"token": villain})]
	reasons == {is_denied("a token that moves")}
}

test_denied_token_sender if {
	reasons := counterparty.refusals with input as base
		with data.parameters as everyone
		with input.effects.tokens as [moved(villain, me)]
	reasons == {is_denied("sends tokens")}
}

test_denied_token_recipient if {
	reasons := counterparty.refusals with input as base
		with data.parameters as everyone
		with input.effects.tokens as [moved(friend, villain)]
	reasons == {is_denied("receives tokens")}
}

test_denied_approved_token if {
	reasons := counterparty.refusals with input as base
		with data.parameters as everyone
		with input.effects.approvals as [{"token": villain, "owner": friend, "spender": friend, "amount": 1}]
	reasons == {is_denied("a token that is approved")}
}

test_denied_owner if {
	reasons := counterparty.refusals with input as base
		with data.parameters as everyone
		with input.effects.approvals as [{"token": usdc, "owner": villain, "spender": me, "amount": 1}]
	reasons == {is_denied("approves")}
}

test_denied_spender if {
	reasons := counterparty.refusals with input as base
		with data.parameters as everyone
		with input.effects.approvals as [{"token": usdc, "owner": me, "spender": villain, "amount": 0}]
	reasons == {is_denied("is approved")}
}

test_denied_delegate if {
	reasons := counterparty.refusals with input as base
		with data.parameters as everyone
		with input.effects.delegateCalls as [{"from": usdc, "to": villain}]
	reasons == {is_denied("runs by delegatecall")}
}

test_denied_creation if {
	reasons := counterparty.refusals with input as base with data.parameters as everyone with input.effects.created as [villain]
	reasons == {is_denied("is created")}
}

test_denied_touched if {
	reasons := counterparty.refusals with input as base with data.parameters as everyone with input.effects.touched as [villain]
	reasons == {is_denied("is touched")}
}

test_denied_paymaster if {
	reasons := counterparty.refusals with input as base with data.parameters as everyone with input.operation.paymaster as villain
	reasons == {is_denied("pays for gas")}
}

test_denied_factory if {
	reasons := counterparty.refusals with input as base with data.parameters as everyone with input.operation.factory as villain
	reasons == {is_denied("deploys the account")}
}

# The allow-list.

test_unknown_target if {
	reasons := counterparty.refusals with input as base
		with data.parameters as parameters
		with input.calls as [transfer_call, object.union(transfer_call, {"to": stranger})]
	reasons == {concat("", [stranger, " may not be called: it is on no list"])}
}

test_unknown_function if {
	reasons := counterparty.refusals with input as base
		with data.parameters as parameters
		with input.calls as [object.union(transfer_call, {"function": "", "args": []})]
	reasons == {concat("", ["function 0xa9059cbb of ", usdc, " is not known, so nobody knows whom it names"])}
}

test_plain_transfer_to_a_recipient if {
	call := {"to": friend, "value": 1, "selector": "", "function": "", "args": [], "data": "0x"}
	reasons := counterparty.refusals with input as base with data.parameters as parameters with input.calls as [call]
	reasons == set()
}

# A contract may be called, but not with value.
test_value_to_a_contract if {
	reasons := counterparty.refusals with input as base
		with data.parameters as parameters
		with input.calls as [object.union(transfer_call, {"value": 1})]
	reasons == {not_received(usdc)}
}

test_unknown_argument if {
	reasons := counterparty.refusals with input as base
		with data.parameters as parameters
		with input.calls as [object.union(transfer_call, {"args": [arg("address", stranger)]})]
	reasons == {not_named(stranger)}
}

test_unknown_argument_in_a_list if {
	reasons := counterparty.refusals with input as base
		with data.parameters as parameters
		with input.calls as [object.union(transfer_call, {"args": [arg("address[]", [friend, usdc, me, stranger])]})]
	reasons == {not_named(stranger)}
}

test_unknown_argument_in_a_fixed_list if {
	reasons := counterparty.refusals with input as base
		with data.parameters as parameters
		with input.calls as [object.union(transfer_call, {"args": [arg("address[2]", [friend, stranger])]})]
	reasons == {not_named(stranger)}
}

# Text that looks like an address is text.
test_other_arguments_name_nobody if {
	reasons := counterparty.refusals with input as base
		with data.parameters as parameters
		with input.calls as [object.union(transfer_call, {"args": [arg("string", stranger), arg("bytes32[]", [stranger])]})]
	reasons == set()
}

test_tokens_to_a_stranger if {
	reasons := counterparty.refusals with input as base
		with data.parameters as parameters
		with input.effects.tokens as [moved(me, friend), moved(me, stranger)]
	reasons == {not_received(stranger)}
}

# Being called is not enough to receive.
test_tokens_to_a_contract if {
	reasons := counterparty.refusals with input as base
		with data.parameters as parameters
		with input.effects.tokens as [moved(me, usdc)]
	reasons == {not_received(usdc)}
}

test_tokens_between_others_and_to_itself if {
	reasons := counterparty.refusals with input as base
		with data.parameters as parameters
		with input.effects.tokens as [moved(friend, stranger), moved(me, me), moved(stranger, me)]
	reasons == set()
}

test_native_to_a_stranger if {
	reasons := counterparty.refusals with input as base
		with data.parameters as parameters
		with input.effects.native as [{"from": me, "to": stranger, "amount": 1}]
	reasons == {not_received(stranger)}
}

test_native_that_is_no_concern if {
	reasons := counterparty.refusals with input as base
		with data.parameters as parameters
		with input.effects.native as [
			{"from": stranger, "to": me, "amount": 1},
			{"from": friend, "to": stranger, "amount": 1}, {"from": me, "to": stranger, "amount": 0},
		]
	reasons == set()
}

test_approval_of_a_stranger if {
	reasons := counterparty.refusals with input as base
		with data.parameters as parameters
		with input.effects.approvals as [{"token": usdc, "owner": me, "spender": stranger, "amount": 1}]
	reasons == {concat("", [stranger, " may not be approved to take anything: it is not on the allow-list"])}
}

allowance(spender, most) := array.concat(base.bounds, [bound("allowance", usdc, spender, most)])

test_allowance_of_a_recipient if {
	reasons := counterparty.refusals with input as base
		with data.parameters as parameters
		with input.bounds as allowance(friend, 5)
	reasons == set()
}

test_allowance_of_a_stranger if {
	reasons := counterparty.refusals with input as base
		with data.parameters as parameters
		with input.bounds as allowance(stranger, 1)
	reasons == {concat("", [stranger, " may not be approved to take anything: it is not on the allow-list"])}
}

test_allowance_that_does_not_grow if {
	reasons := counterparty.refusals with input as base
		with data.parameters as parameters
		with input.bounds as allowance(stranger, 0)
	reasons == set()
}

# To be named is not enough to receive a deposit.

withdraw_call(receiver) := {
	"to": gate, "value": 0, "selector": "0x205c2878", "function": "withdrawTo(address,uint256)",
	"args": [{"name": "withdrawAddress", "type": "address", "value": receiver}, {"name": "withdrawAmount", "type": "uint256", "value": 5}],
	"data": "0x205c2878",
}

withdrawing := object.union(parameters, {"contracts": [usdc, gate]})

test_deposit_to_a_recipient_or_to_the_account_itself if {
	every receiver in [friend, me] {
		reasons := counterparty.refusals with input as base
			with data.parameters as withdrawing
			with input.calls as [withdraw_call(receiver)]
		reasons == set()
	}
}

test_deposit_to_a_contract if {
	reasons := counterparty.refusals with input as base
		with data.parameters as withdrawing
		with input.calls as [withdraw_call(usdc)]
	reasons == {not_received(usdc)}
}

test_approvals_that_are_no_concern if {
	reasons := counterparty.refusals with input as base
		with data.parameters as parameters
		with input.effects.approvals as [
			{"token": usdc, "owner": me, "spender": friend, "amount": 1},
			{"token": usdc, "owner": me, "spender": stranger, "amount": 0},
			{"token": usdc, "owner": friend, "spender": stranger, "amount": 1},
		]
	reasons == set()
}
