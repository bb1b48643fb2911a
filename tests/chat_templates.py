"""Chat templates as model families publish them, cut to the essential, in our own words.

Each renders what the family was trained on: roles, tools, earlier calls and results, thinking.
"""

# Qwen 3: Hermes calls, results as a user turn, an empty thinking where it is switched off.
QWEN3 = """\
{%- if tools %}
    {{- '<|im_start|>system\n' }}
    {%- if messages[0].role == 'system' %}{{- messages[0].content + '\n\n' }}{%- endif %}
    {{- '# Tools\n\n<tools>' }}
    {%- for tool in tools %}{{- '\n' + (tool | tojson) }}{%- endfor %}
    {{- '\n</tools>\n\nCall with:\n<tool_call>\n{"name": <function-name>, "arguments": ' }}
    {{- '<args-json-object>}\n</tool_call><|im_end|>\n' }}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
    {%- elif message.role == 'assistant' %}
        {{- '<|im_start|>assistant\n' }}
        {%- if message.reasoning_content is string and loop.index0 > 1 %}
            {{- '<think>\n' + message.reasoning_content.strip('\n') + '\n</think>\n\n' }}
        {%- endif %}
        {{- message.content }}
        {%- for call in message.tool_calls or [] %}
            {%- if call.function %}{%- set call = call.function %}{%- endif %}
            {{- '\n<tool_call>\n{"name": "' + call.name + '", "arguments": ' }}
            {%- if call.arguments is string %}{{- call.arguments }}
            {%- else %}{{- call.arguments | tojson }}{%- endif %}
            {{- '}\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\n' }}
    {%- elif message.role == 'tool' %}
        {{- '<|im_start|>user\n<tool_response>\n' + message.content }}
        {{- '\n</tool_response><|im_end|>\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\n\n</think>\n\n' }}
    {%- endif %}
{%- endif %}
"""

# Qwen 3 Coder: calls as tags.
QWEN3_CODER = """\
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\n' + message.content }}
    {%- for call in message.tool_calls or [] %}
        {{- '\n<tool_call>\n<function=' + call.function.name + '>\n' }}
        {%- for key, value in call.function.arguments | items %}
            {{- '<parameter=' + key + '>\n' + (value | string) + '\n</parameter>\n' }}
        {%- endfor %}
        {{- '</function>\n</tool_call>' }}
    {%- endfor %}
    {{- '<|im_end|>\n' }}
{%- endfor %}
{%- for tool in tools or [] %}{{- '<function>' + tool.function.name + '</function>' }}{%- endfor %}
{{- '<|im_start|>assistant\n' }}
"""

# Llama 3.1: tools with the first question, calls as bare JSON with `parameters`.
LLAMA3 = """\
{{- bos_token }}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}{%- set system_message = '' %}{%- endif %}
{{- '<|start_header_id|>system<|end_header_id|>\n\n' }}
{%- if tools %}{{- 'Environment: ipython\n' }}{%- endif %}
{{- system_message + '<|eot_id|>' }}
{%- if tools %}
    {%- set first = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
    {{- '<|start_header_id|>user<|end_header_id|>\n\nRespond in the format ' }}
    {{- '{"name": function name, "parameters": dictionary of argument name and its value}.\n\n' }}
    {%- for t in tools %}{{- t | tojson(indent=4) + '\n\n' }}{%- endfor %}
    {{- first + '<|eot_id|>' }}
{%- endif %}
{%- for message in messages %}
    {%- if 'tool_calls' in message %}
        {%- if message.tool_calls | length != 1 %}
            {{- raise_exception('This model only supports single tool-calls at once!') }}
        {%- endif %}
        {%- set call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\n\n{"name": "' + call.name + '", ' }}
        {{- '"parameters": ' + (call.arguments | tojson) + '}<|eot_id|>' }}
    {%- elif message.role == 'tool' %}
        {{- '<|start_header_id|>ipython<|end_header_id|>\n\n' + (message.content | tojson) }}
        {{- '<|eot_id|>' }}
    {%- else %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}
        {{- message['content'] | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
"""

# Mistral v7: a list of calls in JSON; ids of nine letters or digits, or the template refuses.
_MISTRAL_HEAD = """\
{{- bos_token }}
{%- set users = messages | selectattr('role', 'equalto', 'user') | list %}
{%- for message in messages %}
    {%- if message.role == 'system' %}
        {{- '[SYSTEM_PROMPT]' + message.content + '[/SYSTEM_PROMPT]' }}
    {%- elif message.role == 'user' %}
        {%- if tools and message == users[-1] %}
            {{- '[AVAILABLE_TOOLS]' + (tools | tojson) + '[/AVAILABLE_TOOLS]' }}
        {%- endif %}
        {{- '[INST]' + message.content + '[/INST]' }}
    {%- elif message.tool_calls %}
        {%- for call in message.tool_calls %}
            {%- if call.id | length != 9 %}
                {{- raise_exception('Tool call IDs should be strings with length 9!') }}
            {%- endif %}
        {%- endfor %}
"""
MISTRAL7 = (
    _MISTRAL_HEAD
    + """\
        {{- '[TOOL_CALLS][' }}
        {%- for call in message.tool_calls %}
            {{- '{"name": "' + call.function.name + '", "arguments": ' }}
            {{- (call.function.arguments | tojson) + ', "id": "' + call.id + '"}' }}
            {{- ', ' if not loop.last }}
        {%- endfor %}
        {{- ']' + eos_token }}
    {%- elif message.role == 'tool' %}
        {{- '[TOOL_RESULTS]{"content": ' + (message.content | tojson) + ', "call_id": "' }}
        {{- message.tool_call_id + '"}[/TOOL_RESULTS]' }}
    {%- else %}{{- message.content + eos_token }}{%- endif %}
{%- endfor %}
"""
)
# Mistral v11 and later: the name, then the arguments; thinking between control tokens.
MISTRAL11 = (
    _MISTRAL_HEAD
    + """\
        {%- for call in message.tool_calls %}
            {{- '[TOOL_CALLS]' + call.function.name + '[CALL_ID]' + call.id + '[ARGS]' }}
            {{- call.function.arguments | tojson }}
        {%- endfor %}
        {{- eos_token }}
    {%- elif message.role == 'tool' %}
        {{- '[TOOL_RESULTS]' + message.tool_call_id + '[TOOL_CONTENT]' + message.content }}
        {{- '[/TOOL_RESULTS]' }}
    {%- else %}{{- message.content + eos_token }}{%- endif %}
{%- endfor %}
{#- Thinking is written between [THINK] and [/THINK]. #}
"""
)

# Gemma 3: knows neither tools nor a system role of its own, and insists on alternation.
GEMMA3 = """\
{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- set first = messages[0]['content'] + '\n\n' -%}{%- set rest = messages[1:] -%}
{%- else -%}{%- set first = '' -%}{%- set rest = messages -%}{%- endif -%}
{%- for message in rest -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception('Conversation roles must alternate user/assistant/user/...') }}
    {%- endif -%}
    {%- set role = 'model' if message['role'] == 'assistant' else message['role'] -%}
    {{ '<start_of_turn>' + role + '\n' + (first if loop.first else '') }}
    {{- message['content'] | trim + '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<start_of_turn>model\n' }}{%- endif -%}
"""

# Gemma 4: calls in a notation of its own, results inside of the model's turn, a thought channel.
GEMMA4 = """\
{%- macro quoted(value) -%}
    {%- if value is string -%}{{ '<|"|>' + value + '<|"|>' }}
    {%- else -%}{{ value | string | lower }}{%- endif -%}
{%- endmacro -%}
{{ bos_token }}
{%- if enable_thinking or tools -%}
    {{ '<|turn>system\n' }}{{ '<|think|>' if enable_thinking }}
    {%- for tool in tools or [] -%}
        {{ '<|tool>declaration:' + tool['function']['name'] + '<tool|>' }}
    {%- endfor -%}
    {{ '<turn|>\n' }}
{%- endif -%}
{%- set ns = namespace(answered=false) -%}
{%- for message in messages -%}
    {%- set ns.answered = false -%}
    {{ '<|turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\n' }}
    {%- for call in message['tool_calls'] or [] -%}
        {{ '<|tool_call>call:' + call['function']['name'] + '{' }}
        {%- for key, value in call['function']['arguments'] | dictsort -%}
            {{ key + ':' }}{{ quoted(value) }}{{ ',' if not loop.last }}
        {%- endfor -%}
        {{ '}<tool_call|>' }}
    {%- endfor -%}
    {%- for response in message['tool_responses'] or [] -%}
        {%- set ns.answered = true -%}
        {{ '<|tool_response>response:' + response['name'] + '{' }}
        {%- for key, value in response['response'] | dictsort -%}
            {{ key + ':' }}{{ quoted(value) }}{{ ',' if not loop.last }}
        {%- endfor -%}
        {{ '}<tool_response|>' }}
    {%- endfor -%}
    {{ message['content'] | trim }}
    {%- if not ns.answered or message['content'] -%}{{ '<turn|>\n' }}{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{ '<|turn>model\n' if not ns.answered }}
    {{- '<|channel>thought\n<channel|>' if not enable_thinking }}
{%- endif -%}
"""

# FunctionGemma: the same idea, other control tokens.
FUNCTION_GEMMA = """\
{{ bos_token }}
{%- if tools -%}{{ '<start_of_turn>developer\n' }}
{%- for tool in tools -%}
    {{ '<start_function_declaration>declaration:' + tool['function']['name'] }}
    {{- '{description:<escape>' + tool['function']['description'] + '<escape>}' }}
    {{- '<end_function_declaration>' }}
{%- endfor -%}{{ '<end_of_turn>\n' }}{%- endif -%}
{%- for message in messages -%}
    {{ '<start_of_turn>' + message['role'] + '\n' + message['content'] }}
    {%- for call in message['tool_calls'] or [] -%}
        {{ '<start_function_call>call:' + call['function']['name'] + '{}<end_function_call>' }}
    {%- endfor -%}
    {{ '<start_function_response>' if message['tool_calls'] else '<end_of_turn>\n' }}
{%- endfor -%}
{{ '<start_of_turn>model\n' }}
"""

# gpt-oss: channels; refuses content and thinking together in a message that calls.
GPT_OSS = """\
{{- '<|start|>system<|message|>Reasoning: ' + (reasoning_effort or 'medium') }}
{{- '\n\n# Valid channels: analysis, commentary, final.<|end|>' }}
{%- if messages[0].role == 'system' or tools %}
    {{- '<|start|>developer<|message|>' }}
    {%- if messages[0].role == 'system' %}
        {{- '# Instructions\n\n' + messages[0].content + '\n\n' }}
    {%- endif %}
    {%- if tools %}{{- '# Tools\n\n## functions\n\nnamespace functions {\n\n' }}
    {%- for tool in tools %}{{- 'type ' + tool.function.name + ' = (_: any) => any;\n' }}
    {%- endfor %}{{- '} // namespace functions' }}{%- endif %}
    {{- '<|end|>' }}
{%- endif %}
{%- set ns = namespace(called='') %}
{%- for message in messages %}
    {%- if message.role == 'assistant' and message.tool_calls %}
        {%- if message.content and message.thinking %}
            {{- raise_exception('Cannot pass both content and thinking in a call!') }}
        {%- endif %}
        {%- if message.thinking or message.content %}
            {{- '<|start|>assistant<|channel|>analysis<|message|>' }}
            {{- (message.thinking or message.content) + '<|end|>' }}
        {%- endif %}
        {%- set call = message.tool_calls[0].function %}
        {%- set ns.called = call.name %}
        {{- '<|start|>assistant to=functions.' + call.name + '<|channel|>commentary json' }}
        {{- '<|message|>' + (call.arguments | tojson) + '<|call|>' }}
    {%- elif message.role == 'assistant' %}
        {{- '<|start|>assistant<|channel|>final<|message|>' + message.content + '<|end|>' }}
    {%- elif message.role == 'tool' %}
        {{- '<|start|>functions.' + ns.called + ' to=assistant<|channel|>commentary<|message|>' }}
        {{- (message.content | tojson) + '<|end|>' }}
    {%- elif message.role == 'user' %}
        {{- '<|start|>user<|message|>' + message.content + '<|end|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start|>assistant' }}{%- endif %}
"""

# DeepSeek R1: opens the thinking itself, always.
DEEPSEEK_R1 = """\
{{ bos_token }}{% for m in messages %}
{%- if m.role == 'user' %}{{ '<｜User｜>' + m.content }}{% endif %}
{%- if m.role == 'assistant' %}{{ '<｜Assistant｜>' + m.content }}{% endif %}
{%- endfor %}{{ '<｜Assistant｜><think>\n' }}
"""
