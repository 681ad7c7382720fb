module costel.example/collector-probe

go 1.25
