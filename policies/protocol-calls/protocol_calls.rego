# Which functions of which protocols may be called, with which arguments.
package writ.protocol_calls

import rego.v1

decision := {
	"allow": count(refusals) == 0,
	"reasons": refusals,
	"validFor": data.parameters.validFor,
}

contracts := {protocol.address | some protocol in data.parameters.protocols}

listed := {[protocol.address, entry.signature] |
	some protocol in data.parameters.protocols
	some entry in protocol.functions
}

refusals contains reason if {
	count(input.calls) > data.parameters.maxCalls
	reason := concat("", [
		"at most ", format_int(data.parameters.maxCalls, 10), " calls may be made in one operation: ",
		format_int(count(input.calls), 10), " would",
	])
}

# What is called.

refusals contains reason if {
	some call in input.calls
	not call.to in contracts
	reason := concat("", [call.to, " is no protocol that may be called"])
}

refusals contains reason if {
	some call in input.calls
	call.to in contracts
	not is_known(call)
	reason := concat("", ["function ", call.selector, " of ", call.to, " is not known, so nobody knows what it is told"])
}

refusals contains reason if {
	some call in input.calls
	call.to in contracts
	is_known(call)
	not [call.to, function_of(call)] in listed
	reason := concat("", [name_of(call), " of ", call.to, " may not be called"])
}

is_known(call) if function_of(call) != ""

is_known(call) if call.selector == ""

# The functions that this policy's manifest pins stand beside those of the standards.
function_of(call) := call.pinned.function if is_object(call.pinned)

function_of(call) := call.function if not call.pinned

name_of(call) := function_of(call) if function_of(call) != ""

name_of(call) := "a plain transfer" if function_of(call) == ""

args_of(call) := call.pinned.args if is_object(call.pinned)

args_of(call) := call.args if not call.pinned

# An argument; of a tuple its fields, as `params.recipient`.
pieces_of(arg) := [[arg.name, arg.value]] if not is_object(arg.value)

pieces_of(arg) := [[concat(".", [arg.name, field]), value] | some field, value in arg.value] if is_object(arg.value)

# With which value and arguments. Where a function is listed twice, both entries count.

refusals contains reason if {
	some call in input.calls
	some protocol in data.parameters.protocols
	protocol.address == call.to
	some entry in protocol.functions
	entry.signature == function_of(call)
	call.value > entry.maxValue
	reason := concat("", [
		name_of(call), " of ", call.to, " may be sent at most ", format_int(entry.maxValue, 10), " wei: ",
		format_int(call.value, 10), " would be",
	])
}

refusals contains reason if {
	some call in input.calls
	some protocol in data.parameters.protocols
	protocol.address == call.to
	some entry in protocol.functions
	entry.signature == function_of(call)
	some arg in args_of(call)
	some [name, _] in pieces_of(arg)
	not name in {limit.name | some limit in entry.arguments}
	reason := concat("", ["argument ", name, " of ", name_of(call), " has no limit, so it may be nothing"])
}

refusals contains reason if {
	some call in input.calls
	some protocol in data.parameters.protocols
	protocol.address == call.to
	some entry in protocol.functions
	entry.signature == function_of(call)
	some arg in args_of(call)
	some [name, given] in pieces_of(arg)
	some limit in entry.arguments
	limit.name == name
	some value in values_of(given)
	not fits(value, limit)
	reason := concat("", ["argument ", name, " of ", name_of(call), " may not be ", shown(value)])
}

# A list is held to its limit item by item.
values_of(given) := given if is_array(given)

values_of(given) := [given] if not is_array(given)

fits(_, limit) if limit.anything == true

fits(value, limit) if {
	is_number(value)
	value >= limit.least
	value <= limit.most
}

fits(value, limit) if value in limit.among

fits(value, limit) if {
	limit.account == true
	value == input.account.address
}

shown(value) := format_int(value, 10) if is_number(value)

shown(value) := value if is_string(value)

shown(value) := "that" if not is_plain(value)

is_plain(value) if is_number(value)

is_plain(value) if is_string(value)
