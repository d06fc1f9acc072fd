/**
 * The part of a generated module that compares it with a recorded sample: arrays `input`, `output`, `spikes.PLACE` and
 * `voltage.PLACE`, [T, B, N].
 *
 * @param call what begins the call that runs `net`: `net(`, `run(net, `
 * @param skipped condition in Python under which what the sample has by a name is passed over
 */
export const checkText = (call: string, skipped = ''): string => `def check(net, sample):
    """Prints how far the net is from what the sample recorded. Returns whether it is the same."""
    dtype = next((p.dtype for p in net.state_dict().values() if p.is_floating_point()), torch.float32)
    # the sample was made in float64; float32 cannot be nearer than its own rounding
    tolerance = 1e-5 if dtype == torch.float64 else 1e-4
    record = {}
    with torch.no_grad():
        output, _ = ${call}torch.as_tensor(sample['input']).to(dtype), record=record)
    record['output'] = output
    same = True
    for name in sorted(set(sample) - {'input'}):${
      skipped &&
      `
        if ${skipped}:
            continue`
    }
        expected, found = torch.as_tensor(sample[name]).double(), record[name].double()
        if expected.shape != found.shape:
            print(f'{name}: {list(found.shape)}, the sample has {list(expected.shape)}')
            same = False
        elif name.startswith('spikes'):
            wrong = (expected != found).nonzero()
            first = ', the first at step {}, sample {}, neuron {}'.format(*wrong[0].tolist()) if len(wrong) else ''
            print(f'{name}: {int(expected.sum())} spikes, {len(wrong)} of {expected.numel()} places differ{first}')
            same = same and len(wrong) == 0
        else:
            worst = float(((found - expected).abs() / (1 + expected.abs())).max())
            print(f'{name}: differs by at most {worst:.1e} (1 + |v|)')
            same = same and worst <= tolerance
    return same


def main():
    parser = argparse.ArgumentParser(description='Compares this net with a recorded sample.')
    parser.add_argument('--check', metavar='SAMPLE.npz', default=HERE.with_name(HERE.name + '.sample.npz'))
    weights = HERE.with_name(HERE.name + '.weights.safetensors')
    parser.add_argument('--weights', metavar='FILE.safetensors', default=weights)
    parser.add_argument('--double', action='store_true', help='in float64')
    options = parser.parse_args()
    import numpy

    net = load(options.weights)
    with numpy.load(str(options.check)) as sample:
        same = check(net.double() if options.double else net, {name: sample[name] for name in sample.files})
    print('the same' if same else 'NOT the same')
    return 0 if same else 1


if __name__ == '__main__':
    sys.exit(main())`;
