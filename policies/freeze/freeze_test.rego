package writ.freeze_test

import data.writ.freeze
import rego.v1

account := "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

nobody := "0x0000000000000000000000000000000000000000"

token := "0x1111111111111111111111111111111111111111"

vault := "0x2222222222222222222222222222222222222222"

cold := "0x3333333333333333333333333333333333333333"

villain := "0xbadbadbadbadbadbadbadbadbadbadbadbadbad0"

parameters := {
	"frozen": true, "safe": [cold], "exits": [{"address": vault, "selectors": ["0x2e1a7d4d"]}],
	"feePerOperation": 50, "validFor": 60,
}

effects := {
	"native": [], "tokens": [], "approvals": [], "delegateCalls": [], "created": [], "touched": [], "reverted": false,
}

base := {
	"account": {"address": account}, "operation": {"maxCost": 50}, "calls": [], "effects": effects,
	"bounds": [{"asset": nobody, "kind": "native", "id": 0, "spender": nobody, "maxOut": 9}],
}

plain(to, value) := {"to": to, "value": value, "selector": "", "function": "", "args": [], "data": "0x"}

call(function, values) := {
	"to": token, "value": 0, "selector": "0x00000001", "function": function, "data": "0x",
	"args": [{"name": "a", "type": "t", "value": value} | some value in values],
}

refused(calls) := reasons if {
	reasons := freeze.refusals with input as object.union(base, {"calls": calls}) with data.parameters as parameters
}

# The same calls, with other effects.
doing(changed) := reasons if {
	reasons := freeze.refusals with input as object.union(base, {"effects": object.union(effects, changed)})
		with data.parameters as parameters
}

no_exit(name, to) := {concat("", ["the account is frozen: ", name, " of ", to, " is no exit that is left"])}

test_nothing_is_refused_while_it_is_off if {
	off := object.union(parameters, {"frozen": false})
	everything := object.union(base, {
		"calls": [plain(villain, 9)],
		"operation": {"maxCost": 51},
		"bounds": [{"asset": token, "kind": "allowance", "id": 0, "spender": villain, "maxOut": 9}],
		"effects": object.union(effects, {
			"reverted": true,
			"delegateCalls": [{"from": account, "to": villain}],
			"native": [{"from": account, "to": villain, "amount": 9}],
			"tokens": [{"token": token, "from": account, "to": villain, "amount": 9}],
			"approvals": [{"token": token, "owner": account, "spender": villain, "amount": 9}],
		}),
	})
	decision := freeze.decision with input as everything with data.parameters as off
	decision == {"allow": true, "reasons": set(), "validFor": 60}
}

test_a_refusal_carries_its_reasons if {
	decision := freeze.decision with input as object.union(base, {"calls": [plain(villain, 0)]})
		with data.parameters as parameters
	decision == {"allow": false, "reasons": no_exit("a plain transfer", villain), "validFor": 60}
}

test_native_currency_to_safety if {
	refused([plain(cold, 9)]) == set()
}

test_a_call_of_a_safe_address_is_no_transfer if {
	refused([object.union(plain(cold, 0), {"selector": "0xdeadbeef"})]) == no_exit("function 0xdeadbeef", cold)
}

test_a_listed_exit if {
	withdrawal := object.union(plain(vault, 0), {"selector": "0x2e1a7d4d"})
	refused([withdrawal]) == set()
	refused([object.union(withdrawal, {"to": token})]) == no_exit("function 0x2e1a7d4d", token)
	refused([object.union(withdrawal, {"selector": "0xd0e30db0"})]) == no_exit("function 0xd0e30db0", vault)
}

test_value_that_an_exit_is_sent if {
	refused([object.union(plain(vault, 1), {"selector": "0x2e1a7d4d"})]) == {concat("", [
		"the account is frozen: native currency may not go to ", vault,
	])}
}

test_taking_grants_back if {
	every function in ["approve(address,uint256)", "increaseAllowance(address,uint256)"] {
		refused([call(function, [villain, 0])]) == set()
		refused([call(function, [villain, 1])]) == no_exit(function, token)
	}
	refused([call("setApprovalForAll(address,bool)", [villain, false])]) == set()
	refused([call("setApprovalForAll(address,bool)", [villain, true])]) == no_exit("setApprovalForAll(address,bool)", token)
}

test_tokens_to_safety if {
	every function in ["transfer(address,uint256)", "withdrawTo(address,uint256)"] {
		refused([call(function, [cold, 9])]) == set()
		refused([call(function, [villain, 9])]) == no_exit(function, token)
	}
}

test_own_tokens_to_safety if {
	every function in [
		"transferFrom(address,address,uint256)",
		"safeTransferFrom(address,address,uint256)",
		"safeTransferFrom(address,address,uint256,bytes)",
		"safeTransferFrom(address,address,uint256,uint256,bytes)",
		"safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)",
	] {
		refused([call(function, [account, cold, 9])]) == set()
		refused([call(function, [account, villain, 9])]) == no_exit(function, token)
		refused([call(function, [villain, cold, 9])]) == no_exit(function, token)
	}
}

test_every_call_counts if {
	refused([plain(cold, 9), call("swap()", [])]) == no_exit("swap()", token)
}

test_a_revert if {
	doing({"reverted": true}) == {"the account is frozen: the execution reverts in simulation, so nobody knows what it does"}
}

test_delegatecalls if {
	doing({"delegateCalls": [{"from": account, "to": villain}]}) == {concat("", [
		"the account is frozen: delegatecall to ", villain, " would run foreign code as the account",
	])}
	doing({"delegateCalls": [{"from": villain, "to": account}]}) == set()
}

test_native_currency_that_leaves if {
	doing({"native": [{"from": account, "to": villain, "amount": 1}]}) == {concat("", [
		"the account is frozen: native currency may not go to ", villain,
	])}
	doing({"native": [{"from": account, "to": villain, "amount": 0}]}) == set()
	doing({"native": [{"from": account, "to": cold, "amount": 1}]}) == set()
	doing({"native": [{"from": villain, "to": account, "amount": 1}]}) == set()
}

test_tokens_that_leave if {
	doing({"tokens": [{"token": token, "from": account, "to": villain, "amount": 0}]}) == {concat("", [
		"the account is frozen: ", token, " may not go to ", villain,
	])}
	doing({"tokens": [{"token": token, "from": account, "to": cold, "amount": 1}]}) == set()
	doing({"tokens": [{"token": token, "from": villain, "to": account, "amount": 1}]}) == set()
}

test_grants if {
	doing({"approvals": [{"token": token, "owner": account, "spender": villain, "amount": 1}]}) == {concat("", [
		"the account is frozen: ", villain, " may not be approved to take anything of ", token,
	])}
	doing({"approvals": [{"token": token, "owner": account, "spender": villain, "amount": 0}]}) == set()
	doing({"approvals": [{"token": token, "owner": villain, "spender": account, "amount": 1}]}) == set()
}

granting(amount) := {"asset": token, "kind": "allowance", "id": 0, "spender": villain, "maxOut": amount}

test_grants_that_no_token_tells if {
	reasons := freeze.refusals with input as base
		with data.parameters as parameters
		with input.bounds as [granting(1)]
	reasons == {concat("", ["the account is frozen: ", villain, " may not be approved to take anything of ", token])}
	none := freeze.refusals with input as base
		with data.parameters as parameters
		with input.bounds as [granting(0)]
	none == set()
}

test_gas if {
	reasons := freeze.refusals with input as base
		with data.parameters as parameters
		with input.operation.maxCost as 51
	reasons == {"the account is frozen: at most 50 wei may be spent on gas in one operation: 51 might be"}
}
