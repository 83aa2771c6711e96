// How a ConceptMap says it in this version of FHIR: what a code is to the code that it becomes.

RuleSet: FromValueSet(url)
* sourceScopeCanonical = "{url}"

RuleSet: ToValueSet(url)
* targetScopeCanonical = "{url}"

// The code of ours says less.
RuleSet: Wider(code, target, comment)
* group[0].element[+].code = #{code}
* group[0].element[=].target[0].code = #{target}
* group[0].element[=].target[0].relationship = #source-is-narrower-than-target
* group[0].element[=].target[0].comment = {comment}

// The code of ours says more.
RuleSet: Narrower(code, target, comment)
* group[0].element[+].code = #{code}
* group[0].element[=].target[0].code = #{target}
* group[0].element[=].target[0].relationship = #source-is-broader-than-target
* group[0].element[=].target[0].comment = {comment}

// Both say the same.
RuleSet: Same(code, target, comment)
* group[0].element[+].code = #{code}
* group[0].element[=].target[0].code = #{target}
* group[0].element[=].target[0].relationship = #equivalent
* group[0].element[=].target[0].comment = {comment}

// One more code that the last one may become.
RuleSet: Besides(target, comment)
* group[0].element[=].target[+].code = #{target}
* group[0].element[=].target[=].relationship = #source-is-broader-than-target
* group[0].element[=].target[=].comment = {comment}

// A code that says nothing of a visit.
RuleSet: Nothing(code)
* group[0].element[+].code = #{code}
* group[0].element[=].noMap = true
