"""Who may see which folder of boards, told to Grafana over its HTTP API; a second run changes nothing.

`access` is what shall be, `grafana` what is and how to change it, `apply` the difference. Nothing here makes
users, reads boards, or removes a team: who is in a team is the business of whoever runs the login.
"""
