# escape=`
FROM mcr.microsoft.com/windows/servercore:ltsc2022
SHELL ["powershell", "-Command", "$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue';"]
ENV PYTHON_VERSION 3.12.7
RUN $url = ('https://www.python.org/ftp/python/{0}/python-{1}-amd64.exe' -f ($env:PYTHON_VERSION -replace '[a-z]+[0-9]*$', ''), $env:PYTHON_VERSION); `
    Write-Host ('Downloading {0} ...' -f $url); `
    Invoke-WebRequest -Uri $url -OutFile 'python.exe'; `
    # no comment to the shell
    Start-Process python.exe -Wait -NoNewWindow -PassThru `
        -ArgumentList @( `
            '/quiet', `
            'InstallAllUsers=1' `
        )
WORKDIR C:\app\
COPY . C:\app\
CMD ["python", "C:\\app\\main.py"]
