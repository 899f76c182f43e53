"""Display names and number formats: strategies, categories, skills and misconceptions, models, teacher settings. No streamlit."""
