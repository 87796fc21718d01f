module github.com/luxima/correlation

go 1.22
