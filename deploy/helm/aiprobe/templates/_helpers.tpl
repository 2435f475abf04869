{{- define "aiprobe.name" -}}
{{- default .Release.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "aiprobe.selector" -}}
app.kubernetes.io/name: aiprobe
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "aiprobe.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end }}
{{- end -}}
{{- end -}}
