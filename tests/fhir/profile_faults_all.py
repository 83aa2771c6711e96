"""All faults that are planted: a new subject has its list here."""

from __future__ import annotations

from profile_faults_agreement import FAULTS as OF_AGREEMENT
from profile_faults_extensions import OF_EXTENSIONS
from profile_faults_measures import OF_MEASURES
from profile_faults_plans import FAULTS as OF_PLANS
from profile_faults_ratings import OF_RATINGS
from profile_faults_shared import OF_SHARED
from profile_faults_visits import OF_VISITS

BY_PROFILES = [*OF_RATINGS, *OF_SHARED, *OF_VISITS, *OF_MEASURES, *OF_PLANS]
"""Those that a profile finds, and nothing else."""
BY_EXTENSIONS = [*OF_EXTENSIONS, *OF_AGREEMENT]
"""Those that the definition of an extension finds, whatever a resource claims."""
