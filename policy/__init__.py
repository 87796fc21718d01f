"""The platform's policy pack: the requirement's floors, judged for every resource before anything changes.

It imports neither components nor settings, so that a wrong setting is caught by it and not repeated in it.
"""
