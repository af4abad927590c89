# Who is behind the account: an adult who lives in one of the countries that are served, by a credential of
# which nothing else is shown.
package writ.jurisdiction_and_age

import rego.v1

decision := {
	"allow": count(refusals) == 0,
	"reasons": refusals,
	"validFor": data.parameters.validFor,
}

countries := {entry | some entry in data.parameters.countries}

# Also where nobody asked for the fact: what is not there says nothing.

standing := input.facts.person.status

standing := "missing" if not input.facts.person.status

verified if standing == "verified"

refusals contains reason if {
	not verified
	reason := concat("", ["the credential of the person behind the account is ", standing])
}

adult if input.facts.person.value.adult == true

refusals contains "the credential does not say that its holder is an adult" if {
	verified
	not adult
}

refusals contains "the holder of the credential does not live in a country that is served" if {
	verified
	not input.facts.person.value.country in countries
}
