# A local Genesys in a container: docker build -t genesys-simulator . && docker run -p 8080:8080 genesys-simulator
# It prints the address of its desk with the key; -e GENESYS_WEBMESSAGING_SIMULATOR_TOKEN=… sets the key.
FROM python:3.13-slim AS build
WORKDIR /source
COPY . .
RUN python -m venv /simulator && /simulator/bin/pip install --no-cache-dir '.[demo]'

FROM python:3.13-slim
COPY --from=build /simulator /simulator
RUN useradd --create-home --shell /usr/sbin/nologin simulator
USER simulator
WORKDIR /home/simulator
ENV PATH=/simulator/bin:$PATH PYTHONUNBUFFERED=1
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/simulator/state', timeout=2)"]
ENTRYPOINT ["genesys-webmessaging", "simulate", "--host", "0.0.0.0", "--port", "8080"]
