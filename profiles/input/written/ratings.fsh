// What we write of scores: one category, where others may have more.

Profile: WrittenPanel
Parent: AlliancePanel
Id: written-panel
* category 1..1

Profile: WrittenScore
Parent: AllianceScore
Id: written-score
* category 1..1
