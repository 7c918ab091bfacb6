"""The asyncio side: physical device, association, link, transport. Layer 5."""
