def task_names():
    return ["first", "second"]
