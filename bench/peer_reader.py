"""A script on the library `reader` that mails what is new: python peer_reader.py FOLDER PORT SECONDS"""

import smtplib
import sys
import time
from email.message import EmailMessage
from pathlib import Path

from reader import make_reader

folder, port, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
reader = make_reader(str(folder / "reader.db"))
for url in (folder / "feeds").read_text().split():
    reader.add_feed(url, exist_ok=True)
while True:
    began, seeded = time.monotonic(), (folder / "seeded").exists()
    reader.update_feeds(workers=20, scheduled=False)
    for entry in list(reader.get_entries(read=False)):
        if seeded:  # what the first answers hold is history
            mail = EmailMessage()
            mail["From"], mail["To"], mail["Subject"] = "bell@example.org", "desk@example.org", entry.title
            mail.set_content(f"{entry.title}\n{entry.link}\n")
            with smtplib.SMTP("127.0.0.1", port) as smtp:
                smtp.send_message(mail)
        reader.mark_entry_as_read(entry)
    (folder / "seeded").touch()
    time.sleep(max(0.0, began + seconds - time.monotonic()))
