"""What the fixed commands of a messenger's menu say in words."""

COMMANDS = {"start": "你好", "person": "转人工", "status": "查进度", "undo": "上一步"}
