"""What the networks compute, in a formula and as a PyTorch class whose state dict has the names that the program wants."""

# Layer names as in the state dict: layer1 is the first of a block's two.
FORMULAS = {
    "linear": "N(x) = layer_out(x)",
    "fcnet": "N(x) = layer_out(y), y = layer_in(x), then y <- act(layer2(act(layer1(y)))) for every pair of layers; "
    "no activation after layer_in",
    "resnet": "N(x) = layer_out(y), y = layer_in(x), then y <- y + act(layer2(act(layer1(y)))) for every pair of "
    "layers; no activation after layer_in",
    "mlp": "N(x) = layer_out(y), y = act(layer_in(x)), then y <- act(layer1(y)), y <- act(layer2(y)) and so on; an "
    "activation after every hidden layer",
}
ACTIVATIONS = {
    "swish": "z / (1 + exp(-z))",
    "tanh": "tanh(z)",
    "sin": "sin(z)",
    "softplus": "log(1 + exp(z))",
}
IN_TORCH = {
    "swish": "torch.nn.functional.silu",
    "tanh": "torch.tanh",
    "sin": "torch.sin",
    "softplus": "torch.nn.functional.softplus",
}


def with_article(network):
    return f"an {network}" if network in ("fcnet", "mlp") else f"a {network}"


def layer_names(network, widths):
    """In their order; `widths` as of layer_in, layer1, ..."""
    inner = [f"layer{k}" for k in range(1, len(widths))]
    return ["layer_out"] if network == "linear" else ["layer_in", *inner, "layer_out"]


def class_text(network, activation, dimension, widths):
    """A torch.nn.Module of eight lines with these sizes, `widths` of layer_in, layer1, ..., and what it needs above it."""
    names, sizes = layer_names(network, widths), [dimension, *widths, 1]
    layers = ", ".join(f'("{name}", {columns}, {rows})' for name, columns, rows in zip(names, sizes, sizes[1:]))
    act = IN_TORCH.get(activation, "torch.tanh")
    skip = "y + " if network == "resnet" else ""
    pair = 'act(getattr(self, f"layer{k + 1}")(act(getattr(self, f"layer{k}")(y))))'
    first, loop = {
        "linear": ("y = x", "pass"),
        "mlp": ("y = act(self.layer_in(x))", f"for name in {names[1:-1]}: y = act(getattr(self, name)(y))"),
    }.get(network, ("y = self.layer_in(x)", f"for k in range(1, {len(widths)}, 2): y = {skip}{pair}"))
    return f"""import torch
{f"act = {act}" if network != "linear" else ""}
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        for name, n, m in [{layers}]: setattr(self, name, torch.nn.Linear(n, m))
    def forward(self, x):
        {first}
        {loop}
        return self.layer_out(y)""".replace("\n\n", "\n")
