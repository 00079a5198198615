"""SessionS: authorises, starts, charges and ends sessions."""
