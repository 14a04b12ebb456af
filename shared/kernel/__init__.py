"""Pure words that every service uses: errors, clock, dates, official identifiers, territories, text."""
